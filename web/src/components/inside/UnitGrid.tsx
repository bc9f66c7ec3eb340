import { type KeyboardEvent, memo, useRef, useState } from "react";
import type { ExplainedLayer } from "../../lib/api/client";
import { formatNumber, formatTerm } from "../../lib/inside/formula";
import { channelOf, channelsOf, largest, mapSize } from "../../lib/inside/layers";
import { ArrayPicture } from "./ArrayPicture";

export type Shown = "values" | "effect";

interface Props {
  readonly layer: ExplainedLayer;
  /** Contributions by channel, to the class with the name `target`. */
  readonly contributions: Float64Array | undefined;
  readonly target: string;
  readonly shown: Shown;
  /** A picture of the weights of each unit, 28 by 28, if there is one. */
  readonly weights: readonly number[] | undefined;
  /** Names of the units, if they are the classes. */
  readonly names: readonly string[] | undefined;
  readonly label: string;
  /** The channel of the open unit. */
  readonly selected: number | null;
  readonly onSelect: (channel: number) => void;
  /** The unit under the pointer or with the focus. */
  readonly onPoint: (channel: number | null) => void;
}

/** The units or feature maps of a layer; arrow keys move among them, Enter opens one. */
export const UnitGrid = memo(function UnitGrid(props: Props) {
  const { layer, contributions, shown, weights, names, label, selected, onSelect, onPoint } = props;
  const grid = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(selected ?? 0);
  const count = channelsOf(layer.shape);
  const current = Math.min(focused, count - 1);
  const size = mapSize(layer.shape);
  const values = shown === "effect" && layer.contribution ? layer.contribution : layer.activation;
  const max = largest(values);
  const maxContribution = largest(contributions);

  const onKeyDown = (event: KeyboardEvent, channel: number) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      // Otherwise, the keys would also be shortcuts.
      event.stopPropagation();
      return onSelect(channel);
    }
    const next = nextUnit(event.key, channel, count, columnsOf(grid.current));
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    setFocused(next);
    (grid.current?.children[next] as HTMLElement | undefined)?.focus();
  };

  return (
    <div
      ref={grid}
      className="unit-grid"
      data-kind={names ? "classes" : size || weights ? "maps" : "units"}
      role="listbox"
      aria-label={label}
      onPointerLeave={() => onPoint(null)}
    >
      {Array.from({ length: count }, (_, channel) => {
        const contribution = contributions?.[channel] ?? 0;
        const share = maxContribution > 0 ? contribution / maxContribution : 0;
        const map = channelOf(values, count, channel);
        const strength = max > 0 ? Math.min(1, largest(map) / max) : 0;
        return (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: units are identified by their position
            key={channel}
            className="unit"
            role="option"
            aria-selected={channel === selected}
            aria-label={unitLabel(props, channel, map, contribution)}
            tabIndex={channel === current ? 0 : -1}
            onClick={() => {
              setFocused(channel);
              onSelect(channel);
            }}
            onKeyDown={(event) => onKeyDown(event, channel)}
            onFocus={() => onPoint(channel)}
            onBlur={() => onPoint(null)}
            onPointerEnter={(event) => event.pointerType !== "touch" && onPoint(channel)}
          >
            {names && <span className="unit-name">{names[channel] ?? channel + 1}</span>}
            {weights && shown === "values" ? (
              <span style={{ opacity: 0.25 + 0.75 * strength }}>
                <ArrayPicture
                  values={channelOf(weights, count, channel)}
                  width={28}
                  height={28}
                  scale="effect"
                />
              </span>
            ) : (
              <ArrayPicture
                values={map}
                width={size?.[1] ?? 1}
                height={size?.[0] ?? 1}
                scale={shown === "effect" ? "effect" : "activation"}
                max={max}
              />
            )}
            {names && <span className="unit-value">{formatNumber(map[0] ?? 0, 1)}</span>}
            <span
              className="unit-effect"
              data-sign={share < 0 ? "against" : "for"}
              // Unlike a width, it needs no new layout of the page.
              style={{ transform: `scaleX(${Math.abs(share).toFixed(2)})` }}
            />
          </div>
        );
      })}
    </div>
  );
});

function unitLabel(props: Props, channel: number, map: Float32Array, contribution: number) {
  const { layer, names, target, contributions, shown } = props;
  const name = names?.[channel] ?? `${mapSize(layer.shape) ? "Map" : "Unit"} ${channel + 1}`;
  const effect = contributions && `effect on ${target} ${formatTerm(contribution, 2)}`;
  if (shown === "effect") return [name, effect].filter(Boolean).join(", ");
  const value = mapSize(layer.shape)
    ? `largest value ${formatNumber(Math.max(...map), 2)}`
    : `value ${formatNumber(map[0] ?? 0, 2)}`;
  return [name, value, effect].filter(Boolean).join(", ");
}

/** The unit to which a key moves; undefined if the key does not move. */
export function nextUnit(
  key: string,
  unit: number,
  count: number,
  columns: number,
): number | undefined {
  const within = (next: number) => (next >= 0 && next < count ? next : unit);
  switch (key) {
    case "ArrowRight":
      return within(unit + 1);
    case "ArrowLeft":
      return within(unit - 1);
    case "ArrowDown":
      return within(unit + columns);
    case "ArrowUp":
      return within(unit - columns);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

function columnsOf(grid: HTMLElement | null): number {
  const units = [...(grid?.children ?? [])] as HTMLElement[];
  const top = units[0]?.offsetTop ?? 0;
  const columns = units.findIndex((unit) => unit.offsetTop > top);
  return Math.max(1, columns < 0 ? units.length : columns);
}
