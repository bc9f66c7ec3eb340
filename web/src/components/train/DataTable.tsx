import { useState } from "react";

interface Props {
  /** What the table has, such as "The curves in numbers". */
  readonly title: string;
  readonly columns: readonly string[];
  /** Called when the table is open; the first cell of a row is its header. */
  readonly rows: () => readonly (readonly string[])[];
}

/** The numbers behind a picture, in a table that opens. */
export function DataTable({ title, columns, rows }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <details className="behind" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        <section className="scrolls" tabIndex={0} aria-label={title}>
          <Table columns={columns} rows={rows()} />
        </section>
      )}
    </details>
  );
}

/** Numbers in rows, each with a header. */
export function Table({
  columns,
  rows,
}: {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}) {
  return (
    <table className="numbers">
      <thead>
        <tr>
          {columns.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, ...cells], row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are identified by their position
          <tr key={row}>
            <th scope="row">{name}</th>
            {cells.map((cell, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: cells are identified by their position
              <td key={column}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
