import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import type { Drawing, Prediction, Service } from "../lib/api/client";
import { ApiError, type Trouble } from "../lib/api/errors";
import { useThrottled } from "./useThrottled";

export interface Question {
  /** The same for the same drawing only. */
  readonly revision: string;
  /** The same while one drawing is worked on. */
  readonly id: string;
  readonly body: () => Drawing;
  /** Whether the pen is still down: more will follow. */
  readonly moving: boolean;
}

export interface Reading {
  /** The answer to this drawing, or to the one before while this one is read. */
  readonly prediction: Prediction | undefined;
  /** Whether the answer is to an earlier drawing. */
  readonly stale: boolean;
  readonly reading: boolean;
  readonly trouble: Trouble | null;
  /** Whether it is tried again without being asked. */
  readonly again: boolean;
  /** When, if the API said so. */
  readonly again_ms: number | null;
  readonly predict: () => void;
}

const WHILE_MOVING_MS = 100;
const LONGEST_BACKOFF_MS = 4000;

/** What went wrong; anything else than an answer went wrong in the page itself. */
function troubleIn(error: Error): Trouble {
  return error instanceof ApiError ? error.trouble : { kind: "unsent" };
}

/** How long to wait before trying once more. */
export function delayOf(failures: number, error: Error): number {
  const trouble = error instanceof ApiError ? error.trouble : null;
  if (trouble?.kind === "busy") return trouble.wait_ms;
  return Math.min(LONGEST_BACKOFF_MS, 500 * 2 ** failures);
}

/** Ask the API about a drawing: as it grows if `live`, and whenever `predict` is called. */
export function useReading(
  api: Service,
  question: Question | null,
  model: string | null,
  live: boolean,
): Reading {
  const followed = useThrottled(question, question?.moving ? WHILE_MOVING_MS : 0);
  const [wanted, setWanted] = useState<Question | null>(null);
  const [passing, setPassing] = useState<{ trouble: Trouble; at_ms: number } | null>(null);
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
          const passes = error instanceof ApiError && error.passes;
          setPassing(passes ? { trouble: error.trouble, at_ms: Date.now() } : null);
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
    retry: (_, error) => error instanceof ApiError && error.passes,
    retryDelay: delayOf,
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

  const failed = query.error && troubleIn(query.error);
  const trouble = question ? (failed ?? passing?.trouble ?? null) : null;
  return {
    prediction: question ? query.data : undefined,
    stale: query.isPlaceholderData || asked?.revision !== question?.revision,
    reading: query.isFetching,
    trouble,
    again: trouble !== null && failed === null,
    again_ms: trouble?.kind === "busy" && passing ? passing.at_ms + trouble.wait_ms : null,
    predict,
  };
}
