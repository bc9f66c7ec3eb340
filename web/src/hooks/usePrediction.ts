import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, type ApiFailure } from "../lib/api/errors";
import { useThrottledValue } from "./useThrottledValue";

export interface PredictionRequest<Body> {
  /** Identifies the content of the drawing. */
  readonly revision: string;
  /** Identifies the drawing while it is edited. */
  readonly id: string;
  readonly body: () => Body;
  /** Whether a stroke is still being drawn. */
  readonly inProgress: boolean;
}

export interface PredictionState<Answer> {
  /** The prediction for this drawing, or for an earlier revision while this one is pending. */
  readonly prediction: Answer | undefined;
  /** Whether the prediction is for an earlier revision. */
  readonly stale: boolean;
  readonly loading: boolean;
  readonly failure: ApiFailure | null;
  /** Whether the request is retried automatically. */
  readonly retrying: boolean;
  /** When it is retried, if the API has asked for a delay. */
  readonly retry_at_ms: number | null;
  readonly predict: () => void;
}

const LIVE_INTERVAL_MS = 100;
const MAX_BACKOFF_MS = 4000;

/** The failure behind an error; an error of any other type comes from the page itself. */
function failureOf(error: Error): ApiFailure {
  return error instanceof ApiError ? error.failure : { kind: "page_error" };
}

function retryDelay(failures: number, error: Error): number {
  const failure = failureOf(error);
  if (failure.kind === "busy") return failure.retry_after_ms;
  return Math.min(MAX_BACKOFF_MS, 500 * 2 ** failures);
}

/** Predict a drawing: continuously if `live`, and whenever `predict` is called.
 *
 * @param send     calls the API; throws ApiError
 * @param options  what is predicted, if it is something else about the same drawing, and how often
 *                 while a stroke is drawn
 */
export function usePrediction<Body, Answer>(
  send: (body: Body, model: string | null, signal: AbortSignal) => Promise<Answer>,
  request: PredictionRequest<Body> | null,
  model: string | null,
  live: boolean,
  { what = "prediction", interval_ms = LIVE_INTERVAL_MS } = {},
): PredictionState<Answer> {
  const throttled = useThrottledValue(request, request?.inProgress ? interval_ms : 0);
  const [requested, setRequested] = useState<PredictionRequest<Body> | null>(null);
  const [lastFailure, setLastFailure] = useState<{ failure: ApiFailure; at_ms: number } | null>(
    null,
  );
  // When live prediction ends, what it has predicted stays the answer.
  const lastLive = useRef<PredictionRequest<Body> | null>(null);
  useEffect(() => {
    if (live) lastLive.current = throttled;
  }, [live, throttled]);
  useEffect(() => {
    if (live) return () => setRequested(lastLive.current);
  }, [live]);

  // Not that of another drawing.
  const ofThisDrawing = (other: PredictionRequest<Body> | null) =>
    other?.id === request?.id ? other : null;
  const sent = ofThisDrawing(
    live && requested?.revision !== request?.revision ? throttled : requested,
  );

  const query = useQuery({
    queryKey: [what, request?.id, model, sent?.revision],
    queryFn: async ({ signal }) => {
      if (!sent) throw new Error("nothing is drawn");
      try {
        const prediction = await send(sent.body(), model, signal);
        setLastFailure(null);
        return prediction;
      } catch (error) {
        if (!signal.aborted) {
          const retryable = error instanceof ApiError && error.retryable;
          setLastFailure(retryable ? { failure: error.failure, at_ms: Date.now() } : null);
        }
        throw error;
      }
    },
    enabled: sent !== null,
    // Until the prediction arrives, show that of an earlier revision, but never of another drawing.
    placeholderData: (previous, query) =>
      request && query?.queryKey[1] === request.id ? previous : undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
    networkMode: "always",
    retry: (_, error) => error instanceof ApiError && error.retryable,
    retryDelay,
  });
  const { refetch } = query;

  const predict = useCallback(() => {
    setRequested(request);
    if (request && sent?.revision === request.revision) void refetch({ cancelRefetch: false });
  }, [request, sent, refetch]);

  useEffect(() => {
    if (!request) {
      setRequested(null);
      setLastFailure(null);
    }
  }, [request]);

  const finalFailure = query.error && failureOf(query.error);
  const failure = request ? (finalFailure ?? lastFailure?.failure ?? null) : null;
  return {
    prediction: request ? query.data : undefined,
    stale: query.isPlaceholderData || sent?.revision !== request?.revision,
    loading: query.isFetching,
    failure,
    retrying: failure !== null && finalFailure === null,
    retry_at_ms:
      failure?.kind === "busy" && lastFailure ? lastFailure.at_ms + failure.retry_after_ms : null,
    predict,
  };
}
