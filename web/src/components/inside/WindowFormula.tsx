import { type ReactNode, useState } from "react";
import { useSliding } from "../../hooks/useSliding";
import type { ExplainedLayer } from "../../lib/api/client";
import { convolutionSum } from "../../lib/inside/convolution";
import { channelSums, formatNumber, termsOf, windowOf, windowSize } from "../../lib/inside/formula";
import {
  channelOf,
  channelsOf,
  largest,
  mapSize,
  placeOf,
  type UnitPlace,
} from "../../lib/inside/layers";
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
  readonly children: ReactNode;
}

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
  const sum =
    !isPool && props.weights
      ? convolutionSum({ patch, weights: props.weights, sums, input, bias: props.bias, result })
      : undefined;
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
          <Matrix
            caption="Window"
            values={[...patch]}
            width={side}
            marked={patch.indexOf(Math.max(...patch))}
          />
        ) : sum ? (
          <div className="matrices">
            <Matrix caption="Window" values={[...patch]} width={side} />
            <span aria-hidden="true">×</span>
            <Matrix caption="Kernel" values={sum.kernel} width={side} />
            <span aria-hidden="true">=</span>
            <Matrix caption="Products" values={sum.products} width={side} />
          </div>
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
      <div className="unit-columns">
        {isPool ? (
          <p className="formula-line" data-testid="formula-line">
            max({[...patch].map((value) => formatNumber(value)).join(", ")}) ={" "}
            <b>{formatNumber(result)}</b>
          </p>
        ) : (
          <div>
            {channels > 1 && sum && (
              <label className="input-choice">
                <span>Show the products with</span>
                <select
                  value={chosen ?? ""}
                  onChange={({ target }) =>
                    setChosen(target.value === "" ? null : Number(target.value))
                  }
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
            {sum && (
              <Equation
                caption="The sum of the products and the bias"
                rows={sum.rows.map(({ name, value }) => ({ name, value }))}
                result={Math.round(1000 * result) / 1000}
                resultName="Result"
              />
            )}
          </div>
        )}
        {props.children}
      </div>
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
      <PositionField
        label="Row"
        value={position[0]}
        count={size[0]}
        onChange={(row) => onPosition([row, position[1]])}
      />
      <PositionField
        label="Column"
        value={position[1]}
        count={size[1]}
        onChange={(column) => onPosition([position[0], column])}
      />
    </div>
  );
}

interface PositionProps {
  readonly label: string;
  /** Counted from 0; shown from 1. */
  readonly value: number;
  readonly count: number;
  readonly onChange: (value: number) => void;
}

function PositionField({ label, value, count, onChange }: PositionProps) {
  // What is typed may be no position yet, such as nothing at all.
  const [draft, setDraft] = useState<string | null>(null);
  return (
    <label className="position-field">
      <span>{label}</span>
      <input
        type="number"
        min={1}
        max={count}
        value={draft ?? value + 1}
        onChange={({ target }) => {
          setDraft(target.value);
          const at = Math.round(target.valueAsNumber) - 1;
          if (at >= 0 && at < count) onChange(at);
        }}
        onBlur={() => setDraft(null)}
      />
    </label>
  );
}
