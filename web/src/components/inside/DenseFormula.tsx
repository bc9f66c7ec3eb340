import type { ReactNode } from "react";
import type { ExplainedLayer } from "../../lib/api/client";
import { GRID_SIZE } from "../../lib/grid";
import { formatNumber, largestTerms, roundToSum, termsOf } from "../../lib/inside/formula";
import { placeOf, type UnitPlace } from "../../lib/inside/layers";
import { countOf, inputName } from "../../lib/inside/words";
import { DataTable, mapTable } from "../DataTable";
import { ArrayPicture } from "./ArrayPicture";
import { Equation } from "./Equation";

interface Props {
  readonly layer: ExplainedLayer;
  readonly inputs: { readonly values: readonly number[]; readonly shape: readonly number[] };
  readonly unit: UnitPlace;
  readonly weights: readonly number[] | undefined;
  readonly bias: number;
  readonly children: ReactNode;
}

const LISTED = 8;

/** A weighted sum: the largest products, the sum of the others, and the bias. */
export function DenseFormula({ layer, inputs, unit, weights, bias, children }: Props) {
  if (!weights) return <p className="formula-waiting">Loading the weights…</p>;
  const terms = termsOf(inputs.values, weights);
  const { shown, rest, restCount } = largestTerms(terms, LISTED);
  const result = layer.activation[placeOf(layer.shape, unit) ?? 0] ?? 0;
  const rounded = roundToSum([...shown.map(({ product }) => product), rest, bias], result);
  const isPicture = terms.length === GRID_SIZE * GRID_SIZE;
  return (
    <div className="dense-formula">
      {isPicture && (
        <div className="matrices">
          <Part caption="Input" values={inputs.values} scale="activation" />
          <span aria-hidden="true">×</span>
          <Part caption="Weights" values={weights} scale="effect" />
          <span aria-hidden="true">=</span>
          <Part caption="Products" values={terms.map(({ product }) => product)} scale="effect" />
        </div>
      )}
      <div className="unit-columns">
        <Equation
          caption="The sum of the products and the bias"
          rows={[
            ...shown.map(({ place, input, weight }, at) => ({
              name: inputName(place, inputs.shape),
              how: `${formatNumber(input)} × ${formatNumber(weight)}`,
              value: rounded[at] ?? 0,
            })),
            { name: countOf(restCount, "other product"), value: rounded.at(-2) ?? 0 },
            { name: "Bias", value: rounded.at(-1) ?? 0 },
          ]}
          result={Math.round(1000 * result) / 1000}
          resultName="Result"
        />
        {children}
      </div>
    </div>
  );
}

interface PartProps {
  readonly caption: string;
  readonly values: readonly number[];
  readonly scale: "activation" | "effect";
}

function Part({ caption, values, scale }: PartProps) {
  return (
    <figure className="dense-part">
      <ArrayPicture
        values={values}
        width={GRID_SIZE}
        height={GRID_SIZE}
        scale={scale}
        label={`${caption}, 28 by 28`}
      />
      <figcaption>{caption}</figcaption>
      <DataTable
        caption={`${caption}, row by row`}
        {...mapTable(values, GRID_SIZE, (value) => formatNumber(value, 2))}
        summary={
          <>
            Table<span className="visually-hidden"> of the {caption.toLowerCase()}</span>
          </>
        }
      />
    </figure>
  );
}
