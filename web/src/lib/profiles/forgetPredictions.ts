import type { QueryClient } from "@tanstack/react-query";

/** What does not depend on the samples of a profile, or is loaded again with it. */
const OTHERS = ["models", "lab", "profile", "consent"];

/** Predictions of the models as they were before a change of the profile are out of date. */
export function forgetPredictions(queries: QueryClient): void {
  void queries.invalidateQueries({
    predicate: ({ queryKey }) => !OTHERS.includes(String(queryKey[0])),
  });
}
