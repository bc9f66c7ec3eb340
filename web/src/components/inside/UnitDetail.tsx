import { memo, type ReactNode, useEffect, useRef } from "react";
import type { ExplainedLayer, ExplainedUnit } from "../../lib/api/client";
import { GRID_SIZE } from "../../lib/grid";
import { formatNumber } from "../../lib/inside/formula";
import {
  channelOf,
  channelsOf,
  inputsOf,
  mapSize,
  placeOf,
  receptiveField,
  type UnitPlace,
} from "../../lib/inside/layers";
import { layerInWords, unitName } from "../../lib/inside/words";
import { DataTable, mapTable } from "../DataTable";
import { ResultAnnouncer } from "../ResultAnnouncer";
import { ActivationFormula } from "./ActivationFormula";
import { DenseFormula } from "./DenseFormula";
import { InputPicture } from "./InputPicture";
import { WindowFormula } from "./WindowFormula";

interface Props {
  readonly layers: readonly ExplainedLayer[];
  readonly layer: ExplainedLayer;
  readonly unit: UnitPlace;
  readonly names: readonly string[];
  readonly pixels: readonly number[] | undefined;
  /** What the API said about this unit, or about another position of its map. */
  readonly explained: ExplainedUnit | undefined;
  /** Whether `explained` is about this very unit of this drawing. */
  readonly current: boolean;
  readonly onUnit: (unit: UnitPlace) => void;
  readonly onClose: () => void;
}

/** One unit: its formula with the numbers of this drawing, and the pixels that drive it. */
export const UnitDetail = memo(function UnitDetail(props: Props) {
  const { layers, layer, unit, names, pixels, explained, current, onClose } = props;
  const section = useRef<HTMLElement>(null);
  const channel = unit.index.at(-1);
  const opened = `${unit.layer} ${channel}`;
  useEffect(() => {
    if (opened) section.current?.scrollIntoView({ block: "nearest" });
  }, [opened]);
  const value = layer.activation[placeOf(layer.shape, unit) ?? 0] ?? 0;
  const size = mapSize(layer.shape);
  const isClass = !size && layer.index === layers.length - 1;
  const title = unitName(layer, unit, isClass ? names : undefined);
  return (
    <section className="unit-detail" ref={section} aria-labelledby="unit-title">
      <header>
        <div>
          <h3 id="unit-title">
            {title.charAt(0).toUpperCase() + title.slice(1)}
            <span className="unit-layer"> · {layerInWords(layer)}</span>
          </h3>
          <p>
            Its value for this drawing is <b>{formatNumber(value)}</b>.
          </p>
        </div>
        <button
          type="button"
          onClick={() => {
            // Back to where the unit was opened.
            document.querySelector<HTMLElement>(".unit[aria-selected=true]")?.focus();
            onClose();
          }}
        >
          Close
        </button>
      </header>
      <ResultAnnouncer
        text={`${title}, ${layerInWords(layer)}: ${formatNumber(value)}. Its formula is below.`}
      />
      <Formula {...props} key={`${layer.index} ${layer.type}`}>
        <figure className="unit-drives">
          <InputPicture
            pixels={pixels}
            overlay={current ? explained?.drives : null}
            box={receptiveField(layers, unit)}
            label={`The pixels that drive ${title}`}
          />
          <figcaption>
            Pixels that drive it: <i data-color="positive" /> up, <i data-color="negative" /> down
          </figcaption>
          {current && explained && (
            <DataTable
              caption="Effect of each pixel on this unit"
              {...mapTable(explained.drives, GRID_SIZE, (effect) => formatNumber(effect, 2))}
              summary={
                <>
                  Table<span className="visually-hidden"> of the pixels that drive it</span>
                </>
              }
            />
          )}
        </figure>
      </Formula>
      {size && (
        <DataTable
          caption={`Values of map ${(channel ?? 0) + 1}`}
          {...mapTable(
            channelOf(layer.activation, channelsOf(layer.shape), channel ?? 0),
            size[1],
            (value) => formatNumber(value, 2),
          )}
          summary="Table of the output map"
        />
      )}
    </section>
  );
});

interface FormulaProps extends Props {
  /** The pixels that drive the unit, beside its formula. */
  readonly children: ReactNode;
}

function Formula({ layers, layer, unit, explained, onUnit, children }: FormulaProps) {
  const inputs = inputsOf(layers, layer.index);
  const place = placeOf(layer.shape, unit) ?? 0;
  // Weights are the same at all positions of a map.
  const known =
    explained?.layer === unit.layer && explained.index.at(-1) === unit.index.at(-1)
      ? explained
      : undefined;
  const weights = known?.weights ?? undefined;
  const bias = known?.bias ?? 0;
  if (!inputs) return null;
  switch (layer.type) {
    case "Conv2D":
    case "MaxPool2D":
      return (
        <WindowFormula
          layer={layer}
          inputs={inputs}
          unit={unit}
          weights={weights}
          bias={bias}
          onUnit={onUnit}
        >
          {children}
        </WindowFormula>
      );
    case "Dense":
      return (
        <DenseFormula layer={layer} inputs={inputs} unit={unit} weights={weights} bias={bias}>
          {children}
        </DenseFormula>
      );
    default:
      return (
        <ActivationFormula
          type={layer.type}
          input={inputs.values[place] ?? 0}
          result={layer.activation[place] ?? 0}
        >
          {children}
        </ActivationFormula>
      );
  }
}
