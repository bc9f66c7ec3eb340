import { useCallback, useEffect, useMemo, useState } from "react";
import type { NoticeProps } from "../components/Notice";
import type { Address } from "../lib/address";
import type { Model, PredictionApi, PredictionBody } from "../lib/api/client";
import { type FailureMessage, failureMessage } from "../lib/api/errors";
import { areDigits, classesOf, classesOfPrediction, DIGITS } from "../lib/classes";
import type { Content, Mode } from "../lib/drawing";
import { type ShownNumber, withSeparators } from "../lib/numbers";
import { numberResult } from "../lib/numberText";
import type { Navigate } from "./useAddress";
import { useDrawing } from "./useDrawing";
import { useModels, useModelUpdates } from "./useModels";
import { useNumber } from "./useNumber";
import { usePrediction } from "./usePrediction";
import { useRecentDrawings } from "./useRecentDrawings";
import { useSettings } from "./useSettings";

/** What is drawn and what it is predicted to be, whichever view shows it. */
export function useWorkspace(api: PredictionApi, { view }: Address, navigate: Navigate) {
  const isNumber = view === "number";
  const showMode = useCallback(
    (mode: Mode) => {
      if ((mode === "number") === isNumber && (isNumber || isDrawnIn(view))) return;
      navigate({ view: mode === "number" ? "number" : "draw", parameters: {} });
    },
    [view, isNumber, navigate],
  );
  const drawing = useDrawing(isNumber, showMode);
  const { digitRequest, numberRequest } = drawing;
  const settings = useSettings(drawing.mode);
  const { live, keepSeparators } = settings;
  const [erasing, setErasing] = useState(false);
  const [localFailure, setLocalFailure] = useState<FailureMessage | null>(null);

  const models = useModels(api);
  const { requested } = models;
  const digit = usePrediction(
    (body: PredictionBody, model, signal) => api.predict(body, model, signal),
    digitRequest,
    requested,
    live,
  );
  const { present: numberDrawing, update: updateNumber } = drawing.number;
  const number = useNumber(api, numberDrawing, updateNumber, numberRequest, requested, live);
  const state = isNumber ? number : digit;
  useModelUpdates(models, state);
  const request = digitRequest ?? numberRequest;
  const busy = request?.inProgress ?? false;
  const recents = useRecentDrawings(drawing.digitDrawing, busy, digit);

  const openFile = async (file: File | Blob, fallbackName?: string) => {
    try {
      // Loaded with the first image: most people draw.
      const { openOrExplain } = await import("../lib/images");
      const opened = await openOrExplain(file, fallbackName);
      if ("reason" in opened) return setLocalFailure(opened);
      drawing.openImage(opened);
      setLocalFailure(null);
    } catch {
      setLocalFailure({
        reason: "This image could not be opened.",
        action: "Choose it again, or reload the page.",
      });
    }
  };

  const model: Model | undefined = models.current;
  const modelClasses = useMemo(() => (model ? classesOf(model) : DIGITS), [model]);
  const { prediction } = digit;
  const classes = useMemo(
    () => (prediction ? classesOfPrediction(prediction, models.list?.models ?? []) : modelClasses),
    [prediction, models.list, modelClasses],
  );

  // A failure of the page itself is shown until the drawing changes.
  const current = drawing.drawing;
  useEffect(() => {
    if (current) setLocalFailure(null);
  }, [current]);
  const { failure } = state;
  const notice: NoticeProps | null = localFailure
    ? { ...localFailure, retrying: false, retry_at_ms: null }
    : failure && {
        ...failureMessage(failure),
        retrying: state.retrying,
        retry_at_ms: state.retry_at_ms,
      };
  const outdated = state.prediction !== undefined && state.stale && !live && !state.loading;
  const isImage = current.mode !== "pixels" && current.image !== null;
  const content: Content = !request ? "nothing" : isImage ? "image" : "drawing";

  const { answer } = number;
  const write = (shown: ShownNumber) =>
    keepSeparators && answer ? withSeparators(shown, answer.separators) : shown.text;

  return {
    isNumber,
    drawing,
    settings,
    erasing,
    setErasing,
    models,
    model,
    /** Whether the model recognizes digits, and so numbers too. */
    digits: areDigits(modelClasses),
    /** The classes that the prediction of a digit has probabilities for. */
    classes,
    digit,
    number,
    numberResult: numberResult(
      content,
      number.prediction,
      number.shown,
      number.invalid !== null,
      write,
    ),
    /** The prediction of the current mode. */
    state,
    request,
    content,
    recents,
    openFile,
    /** A failure of the page itself, such as an image that cannot be opened. */
    localFailure,
    setLocalFailure,
    notice,
    /** Whether the answer is for an earlier version of the drawing, until Predict is pressed. */
    outdated,
    /** Whether the answer is final for the moment, so that it can be announced. */
    settled: (!state.stale || outdated) && !busy && !failure,
  };
}

export type Workspace = ReturnType<typeof useWorkspace>;

/** Whether a view has the drawing area. */
export function isDrawnIn(view: Address["view"]): boolean {
  return view === "draw" || view === "number" || view === "inside";
}
