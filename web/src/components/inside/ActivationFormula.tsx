import type { ReactNode } from "react";
import { formatNumber } from "../../lib/inside/formula";

interface Props {
  readonly type: string;
  readonly input: number;
  readonly result: number;
  readonly children: ReactNode;
}

const SIZE = 100;
const RANGE = 4;

const FUNCTIONS: Readonly<Record<string, (x: number) => number>> = {
  ReLU: (x) => Math.max(0, x),
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** An activation function of one number, with its curve. */
export function ActivationFormula({ type, input, result, children }: Props) {
  const [x, y] = [formatNumber(input), formatNumber(result)];
  const call = FUNCTIONS[type];
  // A large input is drawn on a curve of a larger range.
  const range = Math.max(RANGE, Math.ceil(Math.abs(input)));
  const top = type === "Sigmoid" ? 1 : range;
  const toX = (x: number) => ((x + range) / (2 * range)) * SIZE;
  const toY = (y: number) => SIZE * (0.9 - 0.8 * (y / top));
  const curve = Array.from({ length: 61 }, (_, step) => {
    const x = range * (step / 30 - 1);
    return `${step ? "L" : "M"}${toX(x).toFixed(1)} ${toY(call?.(x) ?? x).toFixed(1)}`;
  });
  return (
    <div className="unit-columns">
      <div className="activation-formula">
        {call && (
          <svg viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={`Curve of ${type}`}>
            <path className="curve-axes" d={`M0 ${toY(0)}H${SIZE}M${toX(0)} 0V${SIZE}`} />
            <path className="curve" d={curve.join("")} />
            <circle cx={toX(input)} cy={toY(result)} r="4" />
          </svg>
        )}
        <p className="formula-line" data-testid="formula-line">
          {type === "ReLU" && `max(0, ${x}) = `}
          {type === "Sigmoid" && `1 / (1 + exp(${formatNumber(-input)})) = `}
          {!call && `${layerCall(type)}(${x}) = `}
          <b>{y}</b>
        </p>
      </div>
      {children}
    </div>
  );
}

function layerCall(type: string): string {
  return type.toLowerCase();
}
