import { useEffect, useState } from "react";
import type { PredictionBody } from "../lib/api/client";
import { type LabClient, problemOf } from "../lib/lab/client";
import type { PredictionRequest } from "./usePrediction";

/** Let a run predict the present drawing while it learns.
 *
 * @returns  why it cannot; null if it can
 */
export function useWatchedDrawing(
  client: LabClient,
  name: string,
  predicts: boolean,
  request: PredictionRequest<PredictionBody> | null,
): string | null {
  const [problem, setProblem] = useState<string | null>(null);
  const revision = request?.revision;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the revision identifies the drawing
  useEffect(() => {
    if (!predicts) return;
    let ended = false;
    client.watch(name, request?.body() ?? null).then(
      () => !ended && setProblem(null),
      (error: unknown) => !ended && setProblem(problemOf(error)),
    );
    return () => {
      ended = true;
    };
  }, [client, name, predicts, revision]);
  return predicts ? problem : "Predictions appear here while the run is training.";
}
