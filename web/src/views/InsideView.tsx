import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { AnswerLine } from "../components/inside/AnswerLine";
import { Cards } from "../components/inside/Cards";
import { Compare } from "../components/inside/Compare";
import { InputColumn } from "../components/inside/InputColumn";
import { LayerChain } from "../components/inside/LayerChain";
import { TargetChooser } from "../components/inside/TargetChooser";
import { UnitDetail } from "../components/inside/UnitDetail";
import { Notice } from "../components/Notice";
import { Switch } from "../components/Switch";
import { useDebouncedValue } from "../hooks/useDebouncedValue";
import { unitIn, useChoices, useInside, usePredictedRequest } from "../hooks/useInside";
import { PaletteContext, usePalette } from "../hooks/usePalette";
import { failureMessage } from "../lib/api/errors";
import { classesOf, DIGITS } from "../lib/classes";
import { formatPercent } from "../lib/format";
import { inputOf, layerOf, type UnitPlace } from "../lib/inside/layers";
import type { InsideViewProps } from "./viewProps";
import "../styles/inside.css";
import "../styles/inside-cards.css";
import "../styles/inside-chain.css";
import "../styles/inside-unit.css";
import "../styles/inside-print.css";

/** Shorter rests of the pointer on a unit request nothing. */
const POINT_MS = 80;

/** How the network recognizes this drawing, layer by layer. */
export default function InsideView(props: InsideViewProps) {
  const { api, models, model, request, digit, notice, address, navigate } = props;
  const [element, setElement] = useState<HTMLElement | null>(null);
  const palette = usePalette(element);
  const [choices, choose] = useChoices(address, navigate, model);
  const [pointed, setPointed] = useState<UnitPlace | null>(null);
  const explained = usePredictedRequest(request, digit);
  const rested = useDebouncedValue(pointed, POINT_MS);
  // The pointer may still be where another model had a unit.
  const pointedUnit = unitIn(model, pointed && rested);
  const inside = useInside(api, explained, models.requested, choices, pointedUnit);
  const { main, settled, shared } = inside;
  // Rendering the layers never delays a stroke or an answer.
  const explanation = useDeferredValue(main.prediction);
  const layers = explanation?.layers ?? null;

  const classes = model ? classesOf(model) : DIGITS;
  // What was asked for is shown at once; pictures and numbers are of what has been explained.
  const target = explanation?.target.label;
  const asked = choices.target ?? target;
  // With preprocessing, the answer is the one that Draw shows.
  const prediction = choices.preprocess ? digit.prediction : explanation?.prediction;
  const answer = prediction?.label ?? null;
  const pixels = inputOf(layers);
  const layer = layerOf(explanation, choices.unit);
  const outdated =
    digit.prediction !== undefined && digit.stale && !digit.loading && !request?.inProgress;
  const failure = main.failure && !main.retrying ? failureMessage(main.failure) : null;
  const part = { api, request: settled, model: models.requested, shared };
  const onUnit = useCallback((unit: UnitPlace) => choose({ unit }), [choose]);
  const onClose = useCallback(() => choose({ unit: null }), [choose]);
  const onSecond = useCallback((second: string | null) => choose({ second }), [choose]);
  const { requested } = models;
  const input = useMemo(
    () => (
      <InputColumn
        api={api}
        request={settled}
        model={requested}
        shared={shared}
        pixels={pixels}
        saliency={explanation?.saliency}
        target={target ?? ""}
        pointed={inside.pointed}
      />
    ),
    [api, settled, requested, shared, pixels, explanation, target, inside.pointed],
  );

  return (
    <PaletteContext value={palette}>
      <div className="inside" ref={setElement}>
        <div className="inside-rail">
          {props.drawingPanel}
          {notice ? (
            <Notice {...notice} />
          ) : (
            <AnswerLine
              prediction={prediction}
              hasDrawing={request !== null}
              classes={classes}
              stale={digit.stale || (!choices.preprocess && main.stale)}
              outdated={outdated}
            />
          )}
          {props.controls}
        </div>
        <div className="inside-main" data-stale={main.stale || undefined}>
          <div className="inside-question">
            <TargetChooser
              classes={classes}
              probabilities={prediction?.probabilities}
              answer={answer}
              target={asked}
              chosen={choices.target}
              onChoose={(target) => choose({ target })}
            />
            <div className="inside-options">
              <Switch
                label="Preprocessing"
                on={choices.preprocess}
                onChange={(preprocess) => choose({ preprocess })}
              />
              {!choices.preprocess && explanation && digit.prediction && (
                <p data-testid="without-preprocessing">
                  Without preprocessing: <b>{said(explanation.prediction)}</b>. With it:{" "}
                  <b>{said(digit.prediction)}</b>.
                </p>
              )}
            </div>
          </div>
          {failure && (
            <p className="card-failure" role="alert">
              {failure.reason} {failure.action}
            </p>
          )}
          {layers && target !== undefined ? (
            <>
              <LayerChain
                layers={layers}
                weights={inside.weights}
                classNames={explanation?.class_names ?? classes}
                target={target}
                unit={choices.unit}
                onUnit={onUnit}
                onPoint={setPointed}
              >
                {input}
              </LayerChain>
              {choices.unit && layer ? (
                <UnitDetail
                  layers={layers}
                  layer={layer}
                  unit={choices.unit}
                  names={explanation?.class_names ?? DIGITS}
                  pixels={pixels}
                  explained={inside.unit}
                  current={inside.isUnitCurrent}
                  onUnit={onUnit}
                  onClose={onClose}
                />
              ) : (
                <p className="chain-hint">
                  Point at a unit to see which pixels drive it. Choose it to see its formula with
                  the numbers of your drawing.
                </p>
              )}
              {model && (
                <Compare
                  api={api}
                  request={explained}
                  models={models.list?.models ?? []}
                  model={model}
                  main={explanation}
                  second={choices.second}
                  shared={shared}
                  target={target}
                  onSecond={onSecond}
                />
              )}
              <Cards {...part} pixels={pixels} target={target} answer={answer} />
            </>
          ) : (
            <EmptyChain hasDrawing={request !== null} />
          )}
        </div>
      </div>
    </PaletteContext>
  );
}

function said({ label, confidence }: { label: string | null; confidence: number }): string {
  return label === null ? "rejected" : `${label}, ${formatPercent(confidence)}`;
}

function EmptyChain({ hasDrawing }: { readonly hasDrawing: boolean }) {
  return (
    <div className="chain-empty">
      {hasDrawing ? (
        <p>Looking inside…</p>
      ) : (
        <>
          <p>
            <strong>Draw a digit to see inside the network.</strong>
          </p>
          <p>
            Each layer then shows what it computed for your drawing, while you draw: what the
            network saw, its feature maps, and how each of them speaks for or against the answer.
          </p>
        </>
      )}
    </div>
  );
}
