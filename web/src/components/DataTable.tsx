import { type ReactNode, useState } from "react";
import "../styles/data-table.css";

type Rows = readonly (readonly string[])[];

interface Props {
  /** What the numbers are. */
  readonly caption: string;
  readonly columns: readonly string[];
  /** Called when the table is opened. Each row begins with its heading. */
  readonly rows: () => Rows;
  readonly summary?: ReactNode;
}

/** The numbers behind a picture, as a table that is rendered once it is opened. */
export function DataTable({ caption, columns, rows, summary = caption }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details className="data-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the keyboard
        <section className="data-table-scroll" tabIndex={0} aria-label={caption}>
          <Table caption={caption} columns={columns} rows={rows()} />
        </section>
      )}
    </details>
  );
}

interface TableProps {
  readonly caption: string;
  readonly columns: readonly string[];
  /** Each begins with its heading. */
  readonly rows: Rows;
  readonly className?: string;
}

export function Table({ caption, columns, rows, className }: TableProps) {
  return (
    <table className={className}>
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
        {rows.map(([heading, ...cells], row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are identified by their position
          <tr key={row}>
            <th scope="row">{heading}</th>
            {cells.map((cell, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: cells are identified by their column
              <td key={column}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
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
