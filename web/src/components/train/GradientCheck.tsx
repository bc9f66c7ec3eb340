import { formatCount } from "../../lib/format";
import type { EventOf } from "../../lib/lab/schemas";

/** One weight's gradient, by backpropagation and numerically: what a step is made of. */
export function GradientCheck({ check }: { readonly check: EventOf<"gradient"> }) {
  const { step, layer, name, index, weight, epsilon, loss } = check;
  const { backpropagated, numerical, difference } = check;
  // The name of a parameter begins with its layer: "7.weight".
  const what = name.slice(name.indexOf(".") + 1);
  const number = (value: number) =>
    value === 0 ? "0" : value.toExponential(4).replaceAll("-", "−");
  return (
    <>
      <p>
        {`In step ${formatCount(step)}, the loss was ${loss.toPrecision(4)}, and the ${what} at [${index.join(", ")}] of layer ${layer} was ${weight.toPrecision(4).replace("-", "−")}. How fast does the loss change with this ${what}?`}
      </p>
      <dl className="gradient">
        <div>
          <dt>By backpropagation</dt>
          <dd>{number(backpropagated)}</dd>
        </div>
        <div>
          <dt>{`Numerically: (L(w + ε) − L(w − ε)) / 2ε, ε = ${epsilon}`}</dt>
          <dd>{number(numerical)}</dd>
        </div>
        <div>
          <dt>Difference</dt>
          <dd>{number(difference)}</dd>
        </div>
      </dl>
    </>
  );
}
