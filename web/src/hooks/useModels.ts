import { useQuery } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";
import type { Model, PredictionApi } from "../lib/api/client";
import { ApiError } from "../lib/api/errors";
import { NameSchema } from "../lib/api/responses";
import { usePersistentState } from "./usePersistentState";
import type { PredictionState } from "./usePrediction";

/** The models that the API serves, and the chosen one, which is kept in the browser's storage. */
export function useModels(api: PredictionApi) {
  const [chosen, choose] = usePersistentState<string | null>("local", "model", NameSchema, null);
  const { data, failureReason, refetch } = useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => api.models(signal),
    networkMode: "always",
    staleTime: 60_000,
    retry: true,
    retryDelay: (failures) => Math.min(15_000, 1000 * 2 ** failures),
  });
  const listed = data?.models ?? [];
  // A chosen model may not be served any more, or not at this moment.
  const isServed = !data || listed.some(({ name }) => name === chosen);
  const name = (isServed ? chosen : null) ?? data?.default;
  return {
    list: data,
    /** Whether the server sent something other than a valid list of models. */
    invalid: failureReason instanceof ApiError && failureReason.failure.kind === "invalid_response",
    /** The model to request; null for the default one. */
    requested: isServed ? chosen : null,
    name,
    current: listed.find((model) => model.name === name),
    choose,
    refetch,
  };
}

export type ModelsState = ReturnType<typeof useModels>;

/** Follow what predictions tell about the models: that one has changed, or is not served. */
export function useModelUpdates(
  models: ModelsState,
  { prediction, failure }: PredictionState<{ model: Pick<Model, "digest"> }>,
) {
  const digest = prediction?.model.digest;
  const update = useEffectEvent((digest: string) => {
    const isListed = models.list?.models.some((model) => model.digest === digest) ?? true;
    if (!isListed) void models.refetch();
  });
  useEffect(() => {
    if (digest !== undefined) update(digest);
  }, [digest]);

  const { choose, requested } = models;
  const isUnknown = failure?.kind === "http_error" && failure.status === 404;
  useEffect(() => {
    if (isUnknown && requested !== null) choose(null);
  }, [isUnknown, requested, choose]);
}
