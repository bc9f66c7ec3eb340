import { useEffect, useState } from "react";
import type {
  Explanation,
  ExplanationOptions,
  PredictionApi,
  PredictionBody,
} from "../lib/api/client";
import { type PredictionRequest, type PredictionState, usePrediction } from "./usePrediction";

/** Longer than between predictions: a request that takes longer than this is canceled by the next. */
const INTERVAL_MS = 250;
/** Some parts take the server a tenth of a second, and a drawing of two strokes should not wait for them. */
const SETTLE_MS = 600;

export type DrawingRequest = PredictionRequest<PredictionBody>;

/** Explain a drawing as it is drawn.
 *
 * @param request  null if nothing is to be explained
 */
export function useExplanation(
  api: Pick<PredictionApi, "explain">,
  request: DrawingRequest | null,
  model: string | null,
  options: ExplanationOptions,
): PredictionState<Explanation> {
  return usePrediction(
    (body: PredictionBody, model, signal) => api.explain(body, options, model, signal),
    request,
    model,
    true,
    { what: `explanation ${JSON.stringify(options)}`, interval_ms: INTERVAL_MS },
  );
}

/** A drawing once it has been left alone for a moment; null while another one is begun. */
export function useSettledRequest(request: DrawingRequest | null): DrawingRequest | null {
  const [settled, setSettled] = useState(request?.inProgress ? null : request);
  useEffect(() => {
    if (!request || request.inProgress) return;
    const timer = setTimeout(() => setSettled(request), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [request]);
  return settled?.id === request?.id ? settled : null;
}
