import { formatCount } from "../../lib/format";
import type { EventOf } from "../../lib/lab/schemas";

/** One weight's gradient, by backpropagation and by trying: what a step is made of. */
export function GradientCheck({ check }: { readonly check: EventOf<"gradient"> }) {
  const { step, layer, name, index, weight, epsilon, loss } = check;
  const { backpropagated, numerical, difference } = check;
  const number = (value: number) => (value === 0 ? "0" : value.toExponential(4));
  return (
    <>
      <p>
        {`In step ${formatCount(step)}, the loss was ${loss.toPrecision(4)}. One of its ${name}s in layer ${layer}, at [${index.join(", ")}], was ${weight.toPrecision(4)}. How does the loss change if this ${name} changes?`}
      </p>
      <dl className="gradient">
        <div>
          <dt>By backpropagation</dt>
          <dd>{number(backpropagated)}</dd>
        </div>
        <div>
          <dt>{`By trying: (L(w + ε) − L(w − ε)) / 2ε, ε = ${epsilon}`}</dt>
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
