import { useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { isUnauthorized, type LabClient } from "../lib/lab/client";
import { isActive } from "../lib/lab/controls";
import { isRetryable, retryDelay } from "../lib/retry";

const ACTIVE_INTERVAL_MS = 4000;
const IDLE_INTERVAL_MS = 20_000;

/** What the lab offers, and its runs; both are asked for again while the server cannot be reached. */
export function useLab(client: LabClient) {
  const [token, setToken] = useState(client.token);
  const lab = useQuery({
    queryKey: ["lab"],
    queryFn: async ({ signal }) => {
      const described = await client.lab(signal);
      setToken(client.token);
      return described;
    },
    networkMode: "always",
    // Data may be installed, and the lab switched on, while the page is open.
    refetchOnWindowFocus: true,
    retry: isRetryable,
    retryDelay,
  });
  const runs = useQuery({
    queryKey: ["lab", "runs", token],
    queryFn: ({ signal }) => client.runs(signal),
    enabled: token !== null,
    networkMode: "always",
    refetchInterval: ({ state }) =>
      state.data?.runs.some((run) => isActive(run.state)) ? ACTIVE_INTERVAL_MS : IDLE_INTERVAL_MS,
    retry: isRetryable,
    retryDelay,
  });
  const enterToken = useCallback(
    (typed: string) => {
      client.setToken(typed);
      setToken(typed);
    },
    [client],
  );
  return {
    lab,
    runs,
    /** Whether a person has to type the token. */
    needsToken: lab.data !== undefined && (token === null || isUnauthorized(runs.error)),
    wrongToken: isUnauthorized(runs.error),
    enterToken,
  };
}

export type LabState = ReturnType<typeof useLab>;
