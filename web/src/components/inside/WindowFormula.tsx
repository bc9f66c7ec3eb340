import { useState } from "react";
import { useSliding } from "../../hooks/useSliding";
import type { ExplainedLayer } from "../../lib/api/client";
import {
  channelSums,
  formatNumber,
  roundToSum,
  termsOf,
  windowOf,
  windowSize,
} from "../../lib/inside/formula";
import {
  channelOf,
  channelsOf,
  largest,
  mapSize,
  placeOf,
  type UnitPlace,
} from "../../lib/inside/layers";
import { countOf } from "../../lib/inside/words";
import { Equation, Matrix } from "./Equation";
import { MapView } from "./MapView";

interface Props {
  readonly layer: ExplainedLayer;
  readonly inputs: { readonly values: readonly number[]; readonly shape: readonly number[] };
  readonly unit: UnitPlace;
  /** Of this unit's channel, if the layer has weights and they have arrived. */
  readonly weights: readonly number[] | undefined;
  readonly bias: number;
  readonly onUnit: (unit: UnitPlace) => void;
}

/** Input maps that are listed by name; the others are summed up. */
const LISTED = 5;

/** A kernel or a pooling window that slides over its input, with the arithmetic of each position. */
export function WindowFormula(props: Props) {
  const { layer, inputs, unit, onUnit } = props;
  const [row = 0, column = 0, channel = 0] = unit.index;
  const size = mapSize(layer.shape) ?? [1, 1];
  const { side, stride } = windowSize(layer.type, inputs.shape, layer.shape);
  const channels = channelsOf(inputs.shape);
  const isPool = layer.type !== "Conv2D";
  const corner = [row * stride, column * stride] as const;
  const window = windowOf(inputs.values, inputs.shape, corner, side);
  const terms = termsOf(window, props.weights ?? []);
  const sums = channelSums(terms, channels);
  const strongest = sums.reduce((best, sum, at) => {
    return Math.abs(sum) > Math.abs(sums[best] ?? 0) ? at : best;
  }, 0);
  const [chosen, setChosen] = useState<number | null>(null);
  const input = isPool ? channel : (chosen ?? strongest);
  const result = layer.activation[placeOf(layer.shape, unit) ?? 0] ?? 0;

  const move = ([row, column]: readonly [number, number]) =>
    onUnit({ layer: layer.index, index: [row, column, channel] });
  const { playing, setPlaying, step } = useSliding([row, column], size, move);
  const [height = 1, width = 1] = inputs.shape;
  const patch = channelOf(window, channels, input);
  return (
    <div className="window-formula">
      <SlideControls
        position={[row, column]}
        size={size}
        playing={playing}
        onPlay={setPlaying}
        onStep={step}
        onPosition={(position) => {
          setPlaying(false);
          move(position);
        }}
      />
      <div className="window-pictures">
        <MapView
          values={channelOf(inputs.values, channels, input)}
          width={width}
          height={height}
          box={{ row: corner[0], column: corner[1], height: side, width: side }}
          caption={channels === 1 ? "Input" : `Input map ${input + 1} of ${channels}`}
          label={`Input map ${input + 1}, ${height} by ${width}, with the window at row ${corner[0] + 1}, column ${corner[1] + 1}`}
          onPosition={(row, column) => {
            setPlaying(false);
            const at = (place: number, count: number) =>
              Math.min(
                count - 1,
                Math.max(0, Math.floor((place - (isPool ? 0 : side >> 1)) / stride)),
              );
            move([at(row, size[0]), at(column, size[1])]);
          }}
        />
        {isPool ? (
          <Pooling patch={patch} side={side} result={result} />
        ) : props.weights ? (
          <Products
            {...props}
            patch={patch}
            side={side}
            input={input}
            sums={sums}
            result={result}
          />
        ) : (
          <p className="formula-waiting">Loading the kernel…</p>
        )}
        <MapView
          values={channelOf(layer.activation, channelsOf(layer.shape), channel)}
          width={size[1]}
          height={size[0]}
          max={largest(layer.activation)}
          box={{ row, column, height: 1, width: 1 }}
          caption={`Output map ${channel + 1}`}
          label={`Output map ${channel + 1}, ${size[0]} by ${size[1]}, with row ${row + 1}, column ${column + 1} marked`}
          onPosition={(row, column) => {
            setPlaying(false);
            move([row, column]);
          }}
        />
      </div>
      {!isPool && channels > 1 && props.weights && (
        <label className="input-choice">
          <span>Show the products with</span>
          <select
            value={chosen ?? ""}
            onChange={({ target }) => setChosen(target.value === "" ? null : Number(target.value))}
          >
            <option value="">the strongest input map ({strongest + 1})</option>
            {sums.map((sum, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: maps are identified by their position
              <option key={at} value={at}>
                input map {at + 1} ({formatNumber(sum, 2)})
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

interface ProductsProps extends Props {
  readonly patch: Float32Array;
  readonly side: number;
  /** The input map whose products are shown one by one. */
  readonly input: number;
  readonly sums: readonly number[];
  readonly result: number;
}

/** Window × kernel = products, and the sum of all input maps. */
function Products(props: ProductsProps) {
  const { patch, side, input, sums, weights = [], bias, result } = props;
  const kernel = channelOf(weights, sums.length, input);
  const listed = sums
    .map((sum, at) => ({ sum, at }))
    .toSorted((a, b) => Math.abs(b.sum) - Math.abs(a.sum))
    .slice(0, LISTED)
    .map(({ at }) => at);
  if (!listed.includes(input)) listed[listed.length - 1] = input;
  const others = sums.reduce((rest, sum, at) => (listed.includes(at) ? rest : rest + sum), 0);
  const rounded = roundToSum(
    [...listed.map((at) => sums[at] ?? 0), ...(sums.length > listed.length ? [others] : []), bias],
    result,
  );
  const products = roundToSum(
    termsOf(patch, kernel).map(({ product }) => product),
    rounded[listed.indexOf(input)] ?? 0,
  );
  const name = (at: number) =>
    sums.length === 1
      ? `Sum of the ${side * side} products`
      : `Input map ${at + 1}${at === input ? ", shown above" : ""}`;
  return (
    <div className="products">
      <div className="matrices">
        <Matrix caption="Window" values={[...patch]} width={side} />
        <span aria-hidden="true">×</span>
        <Matrix caption="Kernel" values={[...kernel]} width={side} />
        <span aria-hidden="true">=</span>
        <Matrix caption="Products" values={products} width={side} decimals={3} />
      </div>
      <Equation
        caption="The sum of the products and the bias"
        rows={[
          ...listed.map((at, place) => ({ name: name(at), value: rounded[place] ?? 0 })),
          ...(sums.length > listed.length
            ? [
                {
                  name: countOf(sums.length - listed.length, "other input map"),
                  value: rounded[listed.length] ?? 0,
                },
              ]
            : []),
          { name: "Bias", value: rounded.at(-1) ?? 0 },
        ]}
        result={Math.round(1000 * result) / 1000}
        resultName="Result"
      />
    </div>
  );
}

interface PoolingProps {
  readonly patch: Float32Array;
  readonly side: number;
  readonly result: number;
}

function Pooling({ patch, side, result }: PoolingProps) {
  return (
    <div className="products">
      <Matrix
        caption="Window"
        values={[...patch]}
        width={side}
        decimals={3}
        marked={patch.indexOf(Math.max(...patch))}
      />
      <p className="formula-line" data-testid="formula-line">
        max({[...patch].map((value) => formatNumber(value)).join(", ")}) ={" "}
        <b>{formatNumber(result)}</b>
      </p>
    </div>
  );
}

interface SlideProps {
  readonly position: readonly [row: number, column: number];
  readonly size: readonly [height: number, width: number];
  readonly playing: boolean;
  readonly onPlay: (playing: boolean) => void;
  readonly onStep: (by: 1 | -1) => void;
  readonly onPosition: (position: readonly [number, number]) => void;
}

function SlideControls(props: SlideProps) {
  const { position, size, playing, onPlay, onStep, onPosition } = props;
  const field = (axis: 0 | 1, label: string) => (
    <label className="position-field">
      <span>{label}</span>
      <input
        type="number"
        min={1}
        max={size[axis]}
        value={position[axis] + 1}
        onChange={({ target }) => {
          const at = Math.round(target.valueAsNumber) - 1;
          if (!(at >= 0 && at < size[axis])) return;
          onPosition(axis === 0 ? [at, position[1]] : [position[0], at]);
        }}
      />
    </label>
  );
  return (
    <div className="slide-controls">
      <button type="button" onClick={() => onPlay(!playing)}>
        {playing ? "Pause" : "Play"}
      </button>
      <button type="button" onClick={() => onStep(-1)}>
        Step back
      </button>
      <button type="button" onClick={() => onStep(1)}>
        Step
      </button>
      {field(0, "Row")}
      {field(1, "Column")}
    </div>
  );
}
