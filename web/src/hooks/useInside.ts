import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Address } from "../lib/address";
import type { ExplanationOptions, Model, Prediction, PredictionApi } from "../lib/api/client";
import { formatUnit, parseUnit, placeOf, type UnitPlace } from "../lib/inside/layers";
import type { Navigate } from "./useAddress";
import { type DrawingRequest, useExplanation, useSettledRequest } from "./useExplanation";
import type { PredictionState } from "./usePrediction";

/** What is explained, as the page's address says it. */
export interface Choices {
  readonly unit: UnitPlace | null;
  /** The class that is explained; null for the answer. */
  readonly target: string | null;
  /** The model to compare with. */
  readonly second: string | null;
  readonly preprocess: boolean;
}

/** The unit, if the model has it. */
export function unitIn(model: Model | undefined, unit: UnitPlace | null): UnitPlace | null {
  const shape = unit && model?.layers[unit.layer]?.output_shape;
  return unit && shape && placeOf(shape, unit) !== undefined ? unit : null;
}

/** The choices in the address. What the model lacks is ignored, but stays in the address. */
export function useChoices({ parameters }: Address, navigate: Navigate, model: Model | undefined) {
  const { unit: unitText, target, compare, preprocess } = parameters;
  const choices = useMemo((): Choices => {
    return {
      unit: unitIn(model, parseUnit(unitText)),
      target: target && model?.class_names.includes(target) ? target : null,
      second: compare && compare !== model?.name ? compare : null,
      preprocess: preprocess !== "off",
    };
  }, [unitText, target, compare, preprocess, model]);
  const choose = useCallback(
    (change: Partial<Choices>) => {
      const next = { ...choices, ...change };
      const {
        unit: _unit,
        target: _target,
        compare: _compare,
        preprocess: _off,
        ...others
      } = parameters;
      navigate(
        {
          view: "inside",
          parameters: {
            ...others,
            ...(next.unit && { unit: formatUnit(next.unit) }),
            ...(next.target && { target: next.target }),
            ...(next.second && { compare: next.second }),
            ...(!next.preprocess && { preprocess: "off" }),
          },
        },
        { replace: true },
      );
    },
    [choices, parameters, navigate],
  );
  return [choices, choose] as const;
}

/** Quick strokes are explained when they end: nothing else then delays their prediction. */
const QUICK_STROKE_MS = 400;

/** The drawing once it has been predicted, so that predictions never wait for explanations. */
export function usePredictedRequest(
  request: DrawingRequest | null,
  { prediction, stale }: PredictionState<Prediction>,
): DrawingRequest | null {
  const [predicted, setPredicted] = useState<DrawingRequest | null>(null);
  const started_ms = useRef(0);
  const inProgress = request?.inProgress ?? false;
  const arrived = prediction !== undefined && !stale;
  useEffect(() => {
    if (inProgress) started_ms.current = performance.now();
  }, [inProgress]);
  useEffect(() => {
    if (!request || !arrived) return;
    const isQuick = performance.now() - started_ms.current < QUICK_STROKE_MS;
    if (!request.inProgress || !isQuick) setPredicted(request);
  }, [request, arrived]);
  return predicted?.id === request?.id ? predicted : null;
}

/** The explanations of the parts that are always shown. */
export function useInside(
  api: PredictionApi,
  request: DrawingRequest | null,
  model: string | null,
  choices: Choices,
  pointed: UnitPlace | null,
) {
  const settled = useSettledRequest(request);
  const shared = useMemo(() => sharedOptions(choices), [choices]);
  const main = useExplanation(api, request, model, { parts: ["layers", "saliency"], ...shared });
  const unitOptions = (unit: UnitPlace | null): ExplanationOptions => ({
    parts: [],
    ...(unit && { unit: { layer: unit.layer, index: [...unit.index] } }),
    ...(!choices.preprocess && { preprocess: false }),
  });
  const { unit } = choices;
  const unitState = useExplanation(api, unit && settled, model, unitOptions(unit));
  const pointedState = useExplanation(api, pointed && settled, model, unitOptions(pointed));
  const layers = main.prediction?.layers ?? null;
  const digest = main.prediction?.model.digest;
  const hasPictures =
    layers?.find(({ type }) => type === "Dense" || type === "Conv2D")?.type === "Dense";
  // The weights are the same for all drawings.
  const weightsRequest = useMemo(
    () => hasPictures && settled && { ...settled, id: `weights ${digest}`, revision: "" },
    [hasPictures, settled, digest],
  );
  const weightsState = useExplanation(api, weightsRequest || null, model, { parts: ["weights"] });
  const weights = weightsState.prediction;
  return {
    main,
    layers,
    settled,
    unit: unitState.prediction?.unit ?? undefined,
    isUnitCurrent: !unitState.stale && matches(unitState.prediction?.unit, unit),
    pointed: matches(pointedState.prediction?.unit, pointed) ? pointedState.prediction?.unit : null,
    weights: weights && weights.model.digest === digest ? weights.weights : null,
    shared,
  };
}

export function sharedOptions({ target, preprocess }: Choices) {
  return { ...(target !== null && { target }), ...(!preprocess && { preprocess }) };
}

function matches(explained: UnitPlace | null | undefined, unit: UnitPlace | null): boolean {
  return explained?.layer === unit?.layer && String(explained?.index) === String(unit?.index);
}
