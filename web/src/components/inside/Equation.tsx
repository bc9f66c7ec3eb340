import type { ReactNode } from "react";
import { formatNumber, formatTerm } from "../../lib/inside/formula";

export interface Row {
  readonly name: ReactNode;
  readonly value: number;
  /** How the value comes about: "0.8 × 1.2". */
  readonly how?: string | undefined;
}

interface Props {
  readonly caption: string;
  readonly rows: readonly Row[];
  readonly result: number;
  readonly resultName: string;
}

/** A sum, line by line. The numbers are already rounded, and add up to the result. */
export function Equation({ caption, rows, result, resultName }: Props) {
  return (
    <table className="equation" data-testid="equation">
      <caption className="visually-hidden">{caption}</caption>
      <tbody>
        {rows.map(({ name, value, how }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are identified by their position
          <tr key={index}>
            <th scope="row">{name}</th>
            <td className="equation-how">{how}</td>
            <td className="equation-value">{formatTerm(value)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{resultName}</th>
          <td className="equation-how" />
          <td className="equation-value" data-testid="equation-result">
            = {formatNumber(result)}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

interface MatrixProps {
  readonly caption: string;
  readonly values: readonly number[];
  readonly width: number;
  readonly decimals?: number;
  /** The place that counts, as the maximum in pooling. */
  readonly marked?: number | undefined;
}

/** A few numbers in rows and columns. */
export function Matrix({ caption, values, width, decimals = 3, marked }: MatrixProps) {
  const height = Math.ceil(values.length / width);
  return (
    <table className="matrix">
      <caption>{caption}</caption>
      <tbody>
        {Array.from({ length: height }, (_, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are identified by their position
          <tr key={row}>
            {values.slice(row * width, (row + 1) * width).map((value, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: cells are identified by their position
              <td key={column} data-marked={row * width + column === marked || undefined}>
                {formatNumber(value, decimals)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
