import { type KeyboardEvent, useRef, useState } from "react";
import { formatCount } from "../../lib/format";

export interface Cell {
  readonly actual: number;
  readonly predicted: number;
}

interface Props {
  readonly classes: readonly string[];
  /** Number of validation digits by actual class (rows) and predicted class. */
  readonly counts: readonly (readonly number[])[];
  readonly open: Cell | null;
  readonly onOpen: (cell: Cell) => void;
}

const MOVES: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** How often each digit was taken for each other one; a cell opens its digits. */
export function Confusion({ classes, counts, open, onOpen }: Props) {
  const table = useRef<HTMLTableElement>(null);
  const [current, setCurrent] = useState<Cell>({ actual: 0, predicted: 0 });
  const worst = Math.max(1, ...counts.flatMap((row, actual) => row.filter((_, i) => i !== actual)));

  const move = (event: KeyboardEvent) => {
    const step = MOVES[event.key];
    if (!step) return;
    event.preventDefault();
    const columns = counts[0]?.length ?? 0;
    const within = (place: number, count: number) => Math.max(0, Math.min(count - 1, place));
    const actual = within(current.actual + step[0], counts.length);
    const predicted = within(current.predicted + step[1], columns);
    setCurrent({ actual, predicted });
    table.current?.querySelector<HTMLElement>(`[data-cell="${actual}-${predicted}"]`)?.focus();
  };

  return (
    <table ref={table} className="confusion">
      <caption className="visually-hidden">
        Confusion matrix: validation digits by what they are (rows) and what was predicted
        (columns). The arrow keys move between cells, and Enter shows the digits of a cell.
      </caption>
      <thead>
        <tr>
          <td />
          {(counts[0] ?? []).map((_, predicted) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: classes are identified by their position
            <th key={predicted} scope="col">
              {classes[predicted] ?? "other"}
            </th>
          ))}
        </tr>
      </thead>
      <tbody onKeyDown={move}>
        {counts.map((row, actual) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: classes are identified by their position
          <tr key={actual}>
            <th scope="row">{classes[actual] ?? "other"}</th>
            {row.map((count, predicted) => {
              const isOpen = open?.actual === actual && open.predicted === predicted;
              const isCurrent = current.actual === actual && current.predicted === predicted;
              const kind = actual === predicted ? "right" : "wrong";
              const share =
                kind === "right" ? count / Math.max(1, sum(row)) : Math.sqrt(count / worst);
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: classes are identified by their position
                <td key={predicted}>
                  <button
                    type="button"
                    data-cell={`${actual}-${predicted}`}
                    data-kind={count > 0 ? kind : undefined}
                    style={{ "--share": share } as React.CSSProperties}
                    tabIndex={isCurrent ? 0 : -1}
                    aria-pressed={isOpen}
                    aria-disabled={count === 0 || undefined}
                    aria-label={cellLabel(classes, actual, predicted, count)}
                    onFocus={() => setCurrent({ actual, predicted })}
                    onClick={() => count > 0 && onOpen({ actual, predicted })}
                  >
                    {count > 0 ? count : ""}
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function cellLabel(
  classes: readonly string[],
  actual: number,
  predicted: number,
  count: number,
): string {
  const name = classes[actual] ?? "other";
  const digits = `${formatCount(count)} ${count === 1 ? "digit" : "digits"}`;
  return actual === predicted
    ? `${digits} ${name}, predicted right`
    : `${digits} ${name}, predicted ${classes[predicted] ?? "other"}`;
}
