import type { ShownNumber } from "../lib/numbers";

interface Props {
  readonly shown: ShownNumber | undefined;
  readonly selected: number | null;
  /** Where the lines end. */
  readonly bottom: number;
}

/** Boxes behind the digits that were found, each with a line down to its label. */
export function DigitBoxes({ shown, selected, bottom }: Props) {
  if (!shown?.located) return null;
  return (
    <g className="digit-boxes" data-testid="boxes">
      {shown.digits.map(({ box: [x, y, width, height], yours }, index) => (
        <g
          // biome-ignore lint/suspicious/noArrayIndexKey: digits are identified by their position
          key={index}
          data-selected={index === selected || undefined}
          data-yours={yours || undefined}
        >
          <rect x={x} y={y} width={width} height={height} rx="4" />
          <path d={`M${x + width / 2} ${y + height}V${bottom}`} />
        </g>
      ))}
    </g>
  );
}
