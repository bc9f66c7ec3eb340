import { count } from "../lib/format";
import type { Stage } from "../lib/modelDescription";

/** The stages of a network, each drawn as large and as thick as it is. */
export function NetworkDiagram({ stages }: { readonly stages: readonly Stage[] }) {
  return (
    <ol className="network-diagram" aria-label="The chain of the network">
      {stages.map((stage, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a chain has no other order
        <li key={index}>
          {"row" in stage.shape ? (
            <Vector length={stage.shape.row} />
          ) : (
            <FeatureMaps {...stage.shape} />
          )}
          <b>{stage.name}</b>
          <span>
            {"row" in stage.shape
              ? count(stage.shape.row)
              : `${stage.shape.side} × ${stage.shape.side}${stage.shape.count > 1 ? ` × ${stage.shape.count}` : ""}`}
          </span>
        </li>
      ))}
    </ol>
  );
}

const HEIGHT = 80;
const SHEET_EVERY = 3;
const MOST_SHEETS = 24;

/** Square pictures one behind the other; one is drawn for every few, and no more than fit. */
function FeatureMaps({ side, count }: { readonly side: number; readonly count: number }) {
  const edge = Math.min(HEIGHT - 2, 8 + side * 1.9);
  const sheets = Math.min(MOST_SHEETS, Math.ceil(count / 4));
  const depth = (sheets - 1) * SHEET_EVERY * 0.7;
  return (
    <svg viewBox={`0 0 ${edge + depth + 2} ${HEIGHT}`} aria-hidden="true" focusable="false">
      {Array.from({ length: sheets }, (_, sheet) => {
        const back = ((sheets - 1 - sheet) * depth) / Math.max(1, sheets - 1);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: sheets are alike
            key={sheet}
            x={1 + back}
            y={HEIGHT - 1 - edge - back * 0.35}
            width={edge}
            height={edge}
          />
        );
      })}
    </svg>
  );
}

/** Numbers in a row, set upright; more than fit are drawn thinner. */
function Vector({ length }: { readonly length: number }) {
  const height = Math.min(HEIGHT - 2, 14 + 10 * Math.log2(length));
  const cells = Math.min(length, 32);
  return (
    <svg viewBox={`0 0 12 ${HEIGHT}`} aria-hidden="true" focusable="false">
      {Array.from({ length: cells }, (_, cell) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: cells are alike
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
