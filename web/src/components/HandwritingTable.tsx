import type { HandwritingRow } from "../lib/modelDescription";

/** How well the digits of several groups of people are recognized. */
export function HandwritingTable({ rows }: { readonly rows: readonly HandwritingRow[] }) {
  return (
    <table className="handwriting">
      <caption className="visually-hidden">How many of their digits are recognized</caption>
      <thead>
        <tr>
          <th scope="col">Written by</th>
          <th scope="col">Recognized</th>
          <th scope="col">Worst writer</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ who, answered, worstWriter }) => (
          <tr key={who}>
            <th scope="row">{who}</th>
            <td>{answered}</td>
            <td>{worstWriter}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
