import { formatCount } from "../lib/format";
import type { Shape, Stage } from "../lib/modelDescription";

/** The stages of a network, each drawn in proportion to its shape. */
export function NetworkDiagram({ stages }: { readonly stages: readonly Stage[] }) {
  return (
    <ol className="network-diagram" aria-label="Layers of the network">
      {stages.map(({ label, shape }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: stages are identified by their position
        <li key={index}>
          {"length" in shape ? <Vector {...shape} /> : <FeatureMaps {...shape} />}
          <b>{label}</b>
          <span>{shapeText(shape)}</span>
        </li>
      ))}
    </ol>
  );
}

function shapeText(shape: Shape): string {
  if ("length" in shape) return formatCount(shape.length);
  const { height, width, channels } = shape;
  return (channels > 1 ? [height, width, channels] : [height, width]).join(" × ");
}

const HEIGHT = 80;
const MAX_MAPS = 24;
const MAP_OFFSET = 2.1;
const MAX_CELLS = 32;

/** Feature maps, one behind the other: one is drawn for every four channels, up to a limit. */
function FeatureMaps(shape: Exclude<Shape, { length: number }>) {
  const toPixels = (size: number) => Math.min(HEIGHT - 2, 8 + size * 1.9);
  const [height, width] = [toPixels(shape.height), toPixels(shape.width)];
  const maps = Math.min(MAX_MAPS, Math.ceil(shape.channels / 4));
  const depth = (maps - 1) * MAP_OFFSET;
  return (
    <svg viewBox={`0 0 ${width + depth + 2} ${HEIGHT}`} aria-hidden="true" focusable="false">
      {Array.from({ length: maps }, (_, map) => {
        const offset = (maps - 1 - map) * MAP_OFFSET;
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: the maps are interchangeable
            key={map}
            x={1 + offset}
            y={HEIGHT - 1 - height - offset * 0.35}
            width={width}
            height={height}
          />
        );
      })}
    </svg>
  );
}

/** A column of cells; its height grows with the logarithm of the length. */
function Vector({ length }: { readonly length: number }) {
  const height = Math.min(HEIGHT - 2, 14 + 10 * Math.log2(length));
  const cells = Math.min(length, MAX_CELLS);
  return (
    <svg viewBox={`0 0 12 ${HEIGHT}`} aria-hidden="true" focusable="false">
      {Array.from({ length: cells }, (_, cell) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: the cells are interchangeable
          key={cell}
          x="1"
          y={HEIGHT - 1 - height + (cell * height) / cells}
          width="10"
          height={height / cells}
        />
      ))}
    </svg>
  );
}
