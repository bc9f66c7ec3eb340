import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { type Curve, joinCurves } from "../../lib/lab/curves";
import { onThemeChange, resolveColor } from "../../lib/themeColors";
import "uplot/dist/uPlot.min.css";

export interface Series {
  readonly name: string;
  readonly curve: Curve;
  /** Index of its color, from 0; curves of one run have one color. */
  readonly color: number;
  /** A dashed line, such as for what is measured in training where validation is drawn solid. */
  readonly dashed?: boolean;
  /** Each point is marked: for a value an epoch. */
  readonly points?: boolean;
}

interface Props {
  /** What the chart shows in words, for screen readers. */
  readonly description: string;
  readonly xName: string;
  readonly series: readonly Series[];
  /** Values from 0 to 1, shown in percent. */
  readonly percent?: boolean;
  /** A series that is drawn stronger than the others. */
  readonly emphasized?: number | null;
}

export const COLORS = 8;
const HEIGHT_PX = 200;
const DASH_PX = [5, 4];

/** Curves on two axes, with the values at the pointer below them. */
export function Chart({ description, xName, series, percent = false, emphasized = null }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = useMemo(() => joinCurves(series.map(({ curve }) => curve)), [series]);
  const [at, setAt] = useState<number | null>(null);

  // The plot is made again when the lines themselves change, not when they get longer.
  const lines = JSON.stringify([
    series.map(({ name, color, dashed, points }) => [name, color, dashed, points]),
    percent,
    emphasized,
  ]);
  const make = useEffectEvent((element: HTMLDivElement) => {
    const color = (name: string) => () => resolveColor(element, name);
    const axis = { stroke: color("--muted"), grid: { stroke: color("--border"), width: 1 } };
    const format = (value: number) => (percent ? `${+(100 * value).toPrecision(4)}%` : `${value}`);
    const options: uPlot.Options = {
      width: Math.max(1, element.clientWidth),
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 6 } },
      scales: { x: { time: false } },
      axes: [
        { ...axis, ticks: { show: false }, size: 28, font: FONT, incrs: WHOLE_STEPS },
        {
          ...axis,
          ticks: { show: false },
          size: 52,
          font: FONT,
          values: (_, values) => values.map(format),
        },
      ],
      series: [
        {},
        ...series.map(({ color: index, dashed = false, points = false }, number) => ({
          stroke: color(`--series-${index % COLORS}`),
          width: emphasized === number ? 3 : 1.5,
          alpha: emphasized === null || emphasized === number ? 1 : 0.35,
          spanGaps: true,
          points: points ? { show: true, size: 5 } : { show: false },
          ...(dashed && { dash: DASH_PX }),
        })),
      ],
      hooks: { setCursor: [({ cursor }) => setAt(cursor.idx ?? null)] },
    };
    return new uPlot(options, data as uPlot.AlignedData, element);
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `lines` says when to make it again
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const made = make(element);
    plot.current = made;
    const resize = new ResizeObserver(() =>
      made.setSize({ width: Math.max(1, element.clientWidth), height: HEIGHT_PX }),
    );
    resize.observe(element);
    const stop = onThemeChange(() => made.redraw(false, true));
    return () => {
      resize.disconnect();
      stop();
      made.destroy();
      plot.current = null;
    };
  }, [lines]);

  useEffect(() => {
    if (plot.current?.data !== data) plot.current?.setData(data as uPlot.AlignedData);
  }, [data]);

  return (
    <div className="chart">
      <div ref={frame} className="chart-plot" role="img" aria-label={description} />
      <p className="chart-values" aria-hidden="true">
        {at !== null && valuesAt(data, at, series, xName, percent)}
      </p>
    </div>
  );
}

/** Distances of the marks below a chart: neither steps nor epochs have fractions. */
const WHOLE_STEPS = [1, 2, 5]
  .flatMap((first) => Array.from({ length: 8 }, (_, power) => first * 10 ** power))
  .sort((a, b) => a - b);
const FONT = "12px system-ui, sans-serif";
const MAX_VALUES = 4;

function valuesAt(
  data: ReturnType<typeof joinCurves>,
  at: number,
  series: readonly Series[],
  xName: string,
  percent: boolean,
): string {
  const values = series.flatMap(({ name }, index) => {
    const value = data[index + 1]?.[at];
    return typeof value === "number" ? [`${name} ${formatValue(value, percent)}`] : [];
  });
  const shown = values.slice(0, MAX_VALUES);
  const rest = values.length - shown.length;
  return `${xName} ${data[0][at] ?? ""}: ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

export function formatValue(value: number, percent: boolean): string {
  if (percent) return `${(100 * value).toFixed(2)}%`;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
