import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import type { Drawing, Prediction, Service } from "../lib/api/client";
import { ApiError, type ApiFailure } from "../lib/api/errors";
import { useThrottledValue } from "./useThrottledValue";

export interface PredictionRequest {
  /** The same for the same drawing only. */
  readonly revision: string;
  /** The same while one drawing is worked on. */
  readonly id: string;
  readonly body: () => Drawing;
  /** Whether the pen is still down: more will follow. */
  readonly moving: boolean;
}

export interface PredictionState {
  /** The answer to this drawing, or to the one before while this one is read. */
  readonly prediction: Prediction | undefined;
  /** Whether the answer is to an earlier drawing. */
  readonly stale: boolean;
  readonly reading: boolean;
  readonly failure: ApiFailure | null;
  /** Whether it is tried again without being asked. */
  readonly again: boolean;
  /** When, if the API said so. */
  readonly again_ms: number | null;
  readonly predict: () => void;
}

const LIVE_INTERVAL_MS = 100;
const MAX_BACKOFF_MS = 4000;

/** What went wrong; anything else than an answer went wrong in the page itself. */
function failureOf(error: Error): ApiFailure {
  return error instanceof ApiError ? error.failure : { kind: "unsent" };
}

/** How long to wait before trying once more. */
export function retryDelay(failures: number, error: Error): number {
  const failure = error instanceof ApiError ? error.failure : null;
  if (failure?.kind === "busy") return failure.wait_ms;
  return Math.min(MAX_BACKOFF_MS, 500 * 2 ** failures);
}

/** Ask the API about a drawing: as it grows if `live`, and whenever `predict` is called. */
export function usePrediction(
  api: Service,
  question: PredictionRequest | null,
  model: string | null,
  live: boolean,
): PredictionState {
  const followed = useThrottledValue(question, question?.moving ? LIVE_INTERVAL_MS : 0);
  const [wanted, setWanted] = useState<PredictionRequest | null>(null);
  const [passing, setPassing] = useState<{ failure: ApiFailure; at_ms: number } | null>(null);
  const asked = question && (live && wanted?.revision !== question.revision ? followed : wanted);

  const query = useQuery({
    queryKey: ["prediction", question?.id, model, asked?.revision],
    queryFn: async ({ signal }) => {
      if (!asked) throw new Error("there is nothing to read");
      try {
        const prediction = await api.predict(asked.body(), model, signal);
        setPassing(null);
        return prediction;
      } catch (error) {
        if (!signal.aborted) {
          const retryable = error instanceof ApiError && error.retryable;
          setPassing(retryable ? { failure: error.failure, at_ms: Date.now() } : null);
        }
        throw error;
      }
    },
    enabled: asked !== null,
    // Until the answer comes, that to the drawing as it was before; but none to another drawing.
    placeholderData: (before, query) =>
      question && query?.queryKey[1] === question.id ? before : undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
    networkMode: "always",
    retry: (_, error) => error instanceof ApiError && error.retryable,
    retryDelay: retryDelay,
  });
  const { refetch } = query;

  const predict = useCallback(() => {
    setWanted(question);
    if (question && asked?.revision === question.revision) void refetch({ cancelRefetch: false });
  }, [question, asked, refetch]);

  useEffect(() => {
    if (!question) {
      setWanted(null);
      setPassing(null);
    }
  }, [question]);

  const failed = query.error && failureOf(query.error);
  const failure = question ? (failed ?? passing?.failure ?? null) : null;
  return {
    prediction: question ? query.data : undefined,
    stale: query.isPlaceholderData || asked?.revision !== question?.revision,
    reading: query.isFetching,
    failure,
    again: failure !== null && failed === null,
    again_ms: failure?.kind === "busy" && passing ? passing.at_ms + failure.wait_ms : null,
    predict,
  };
}
