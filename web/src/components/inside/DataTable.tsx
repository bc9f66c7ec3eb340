import { type ReactNode, useState } from "react";

interface Props {
  /** What the numbers are. */
  readonly caption: string;
  readonly columns: readonly string[];
  /** Called when the table is opened. Each row begins with its heading. */
  readonly rows: () => readonly (readonly string[])[];
  readonly summary?: ReactNode;
}

/** The numbers behind a picture, as a table that is rendered once it is opened. */
export function DataTable({ caption, columns, rows, summary = "Numbers as a table" }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details className="data-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the keyboard
        <section className="data-table-scroll" tabIndex={0} aria-label={caption}>
          <table>
            <caption className="visually-hidden">{caption}</caption>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th scope="col" key={column}>
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows().map(([heading, ...cells]) => (
                <tr key={heading}>
                  <th scope="row">{heading}</th>
                  {cells.map((cell, column) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: cells are identified by their column
                    <td key={column}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}

/** The rows and columns of a map, for a table. */
export function mapTable(values: ArrayLike<number>, width: number, format: (n: number) => string) {
  const height = Math.ceil(values.length / width);
  return {
    columns: ["Row", ...Array.from({ length: width }, (_, column) => String(column + 1))],
    rows: () =>
      Array.from({ length: height }, (_, row) => [
        String(row + 1),
        ...Array.from({ length: width }, (_, column) => format(values[row * width + column] ?? 0)),
      ]),
  };
}
