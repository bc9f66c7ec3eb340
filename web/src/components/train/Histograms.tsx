import type { Histogram, LayerHistograms } from "../../lib/lab/schemas";

const WIDTH = 120;
const HEIGHT = 40;

/** How the weights of each layer are distributed, and their gradients in the last step. */
export function Histograms({ layers }: { readonly layers: readonly LayerHistograms[] }) {
  return (
    <table className="histograms">
      <thead>
        <tr>
          <th scope="col">Layer</th>
          <th scope="col">Weights</th>
          <th scope="col">Gradients</th>
        </tr>
      </thead>
      <tbody>
        {layers.map(({ layer, type, weights, gradients }) => (
          <tr key={layer}>
            <th scope="row">{`${layer} ${type}`}</th>
            <td>
              <Bins histogram={weights} color="1" />
            </td>
            <td>{gradients ? <Bins histogram={gradients} color="0" /> : <span>none yet</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Bins({ histogram, color }: { readonly histogram: Histogram; readonly color: string }) {
  const { edges, counts } = histogram;
  const most = Math.max(1, ...counts);
  const width = WIDTH / Math.max(1, counts.length);
  const [first = 0, last = 0] = [edges[0], edges.at(-1)];
  // From the root of the count, so that rare large values are seen too.
  const path = counts
    .map((count, index) => {
      const height = HEIGHT * Math.sqrt(count / most);
      return `M${(index * width).toFixed(2)} ${HEIGHT}v${(-height).toFixed(2)}h${width.toFixed(2)}V${HEIGHT}z`;
    })
    .join("");
  return (
    <>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        data-color={color}
        aria-hidden="true"
        focusable="false"
      >
        <path d={path} />
      </svg>
      <span className="histogram-range">
        <span>
          {short(first)}
          <span className="visually-hidden"> to </span>
        </span>
        <span className="visually-hidden">{`, half of them within ${middleHalf(histogram)}`}</span>
        <span>{short(last)}</span>
      </span>
    </>
  );
}

function short(value: number): string {
  return value === 0 || Math.abs(value) >= 0.001
    ? `${+value.toPrecision(2)}`
    : value.toExponential(0);
}

/** The range of the middle half of the values, by whole bins. */
export function middleHalf({ edges, counts }: Histogram): string {
  const total = counts.reduce((a, b) => a + b, 0);
  const quantile = (share: number) => {
    let sum = 0;
    const bin = counts.findIndex((count) => {
      sum += count;
      return sum >= share * total;
    });
    return Math.max(0, bin);
  };
  return `${short(edges[quantile(0.25)] ?? 0)} to ${short(edges[quantile(0.75) + 1] ?? 0)}`;
}
