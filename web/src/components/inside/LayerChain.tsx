import { type CSSProperties, memo, type ReactNode, useCallback, useMemo, useState } from "react";
import type { ExplainedLayer, Explanation } from "../../lib/api/client";
import { formatNumber, formatTerm } from "../../lib/inside/formula";
import {
  channelOf,
  channelsOf,
  contributionsOf,
  largest,
  layerName,
  mapSize,
  type Stage,
  stagesOf,
  strongestUnit,
  type UnitPlace,
} from "../../lib/inside/layers";
import { layerInWords, shapeInWords } from "../../lib/inside/words";
import { DataTable } from "../DataTable";
import { Segments } from "./Segments";
import { type Shown, UnitGrid } from "./UnitGrid";

interface Props {
  readonly layers: readonly ExplainedLayer[];
  readonly weights: Explanation["weights"];
  /** Names of the network's outputs. */
  readonly classNames: readonly string[];
  /** The class whose logit the contributions are for. */
  readonly target: string;
  readonly unit: UnitPlace | null;
  readonly onUnit: (unit: UnitPlace) => void;
  readonly onPoint: (unit: UnitPlace | null) => void;
  /** The first column: the network's input. */
  readonly children: ReactNode;
}

/** Rows of units in a column, at most, and units in a row, at least. */
const MAX_ROWS = 12;
const MIN_COLUMNS = 3;

/** The chain of layers, from the input to the logits, with what each computed for the drawing. */
export const LayerChain = memo(function LayerChain(props: Props) {
  const { layers, unit, target, children } = props;
  const [shown, setShown] = useState<Shown>("values");
  const stages = useMemo(() => stagesOf(layers), [layers]);
  return (
    <section className="chain" aria-labelledby="chain-title">
      <header className="chain-header">
        <h3 id="chain-title">Layer by layer</h3>
        <Segments
          legend="What the pictures show"
          name="chain-shown"
          options={[
            ["values", "Values"],
            ["effect", `Effect on ${target}`],
          ]}
          value={shown}
          onChange={setShown}
        />
        <Legend shown={shown} target={target} />
      </header>
      <ol className="chain-stages">
        <li className="chain-input">{children}</li>
        {stages.map((stage, index) => (
          <StageColumn
            // biome-ignore lint/suspicious/noArrayIndexKey: stages are identified by their position
            key={index}
            {...props}
            stage={stage}
            shown={shown}
            isLast={index === stages.length - 1}
            selected={stage.layers.some((layer) => layer.index === unit?.layer) ? unit : null}
          />
        ))}
      </ol>
    </section>
  );
});

function Legend({ shown, target }: { readonly shown: Shown; readonly target: string }) {
  return (
    <p className="chain-legend">
      {shown === "values" ? (
        <>
          <i data-color="negative" /> negative <i data-color="activation" /> positive value. The bar
          below a unit is its effect on {target}:{" "}
        </>
      ) : (
        <>Value times gradient of the logit of {target}: </>
      )}
      <i data-color="negative" /> against <i data-color="positive" /> for
    </p>
  );
}

interface StageProps extends Props {
  readonly stage: Stage;
  readonly shown: Shown;
  readonly isLast: boolean;
  /** The open unit, if it is one of this stage. */
  readonly selected: UnitPlace | null;
}

function StageColumn(props: StageProps) {
  const { stage, shown, isLast, selected, weights, classNames, target, onUnit, onPoint } = props;
  const [chosen, setChosen] = useState(selected?.layer ?? null);
  const last = stage.layers.at(-1) as ExplainedLayer;
  const [opened, setOpened] = useState(selected?.layer);
  // The layer of a unit that is opened from elsewhere is shown.
  if (selected?.layer !== opened) {
    setOpened(selected?.layer);
    if (selected) setChosen(selected.layer);
  }
  const layer = stage.layers.find(({ index }) => index === chosen) ?? last;
  const contributions = useMemo(() => contributionsOf(layer), [layer]);
  const count = channelsOf(layer.shape);
  const names = isLast && count === classNames.length ? classNames : undefined;
  const first = stage.layers[0] as ExplainedLayer;
  const ownWeights = weights?.layer === first.index && weights.shape[0] === 28 ? weights : null;
  const select = useCallback(
    (channel: number) => onUnit(strongestUnit(layer, channel)),
    [layer, onUnit],
  );
  const point = useCallback(
    (channel: number | null) => onPoint(channel === null ? null : strongestUnit(layer, channel)),
    [layer, onPoint],
  );
  const title = isLast && names ? "Logits" : layerName(first.type);
  return (
    <li
      className="chain-stage"
      style={{ "--columns": Math.max(MIN_COLUMNS, Math.ceil(count / MAX_ROWS)) } as CSSProperties}
    >
      <h4>{title}</h4>
      <p className="chain-shape">{shapeInWords(layer.shape)}</p>
      {stage.layers.length > 1 ? (
        <select
          aria-label={`Shown of the ${title.toLowerCase()} in layer ${first.index}`}
          value={layer.index}
          onChange={(event) => setChosen(Number(event.target.value))}
        >
          {stage.layers.map(({ type, index }) => (
            <option key={index} value={index}>
              {index === first.index ? "Sums" : layerName(type)}
            </option>
          ))}
        </select>
      ) : (
        <span className="chain-select" />
      )}
      <UnitGrid
        layer={layer}
        contributions={contributions}
        target={target}
        shown={shown}
        weights={ownWeights?.values}
        names={names}
        label={`${mapSize(layer.shape) ? "Feature maps" : "Units"} of the ${layerInWords(layer)}`}
        selected={selected?.layer === layer.index ? (selected.index.at(-1) ?? null) : null}
        onSelect={select}
        onPoint={point}
      />
      <DataTable
        caption={`Values of the ${layerInWords(layer)}`}
        columns={[names ? "Class" : "Unit", "Largest", `Effect on ${target}`]}
        rows={() =>
          Array.from({ length: count }, (_, channel) => {
            const map = channelOf(layer.activation, count, channel);
            return [
              names?.[channel] ?? String(channel + 1),
              formatNumber(map.length > 1 ? Math.max(...map) : (map[0] ?? 0), 2),
              contributions ? formatTerm(contributions[channel] ?? 0, 2) : "–",
            ];
          })
        }
        summary={
          <>
            Table<span className="visually-hidden"> of the {layerInWords(layer)}</span>
          </>
        }
      />
      <span className="visually-hidden">
        {largest(layer.activation) === 0 ? "All values of this layer are 0." : ""}
      </span>
    </li>
  );
}
