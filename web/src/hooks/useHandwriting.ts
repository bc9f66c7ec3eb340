import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { isUnknownProfile, type Profile, type ProfileApi, problemOf } from "../lib/profiles/api";
import { forgetPredictions } from "../lib/profiles/forgetPredictions";
import { forgetToken, loadToken, onTokenElsewhere } from "../lib/profiles/token";
import { isRetryable, retryDelay } from "../lib/retry";

/** This browser's profile with its samples, and what can be done with it.
 *
 * @param model  of which the accuracy is asked; undefined while it is not known
 */
export function useHandwriting(api: ProfileApi, model: string | undefined, available: boolean) {
  const queries = useQueryClient();
  const [token, setToken] = useState(loadToken);
  const [problem, setProblem] = useState<string | null>(null);
  const [elsewhere, setElsewhere] = useState<number | null>(null);
  const known = useRef<number | null>(null);
  const options = { networkMode: "always", retry: isRetryable, retryDelay } as const;

  useEffect(() => onTokenElsewhere(() => setToken(loadToken())), []);
  const consent = useQuery({
    queryKey: ["consent"],
    queryFn: ({ signal }) => api.consent(signal),
    enabled: available,
    staleTime: Number.POSITIVE_INFINITY,
    ...options,
  });
  const profile = useQuery({
    queryKey: ["profile", token],
    queryFn: ({ signal }) => api.profile(signal),
    enabled: available && token !== undefined,
    refetchOnWindowFocus: "always",
    ...options,
  });
  const version = profile.data?.version;
  const samples = useQuery({
    queryKey: ["profile", token, "samples", version],
    queryFn: ({ signal }) => api.samples(signal),
    enabled: version !== undefined,
    placeholderData: (previous, query) => (query?.queryKey[1] === token ? previous : undefined),
    staleTime: Number.POSITIVE_INFINITY,
    ...options,
  });
  const hasSamples = (profile.data?.samples ?? 0) > 0;
  const accuracy = useQuery({
    queryKey: ["profile", token, "accuracy", version, model],
    queryFn: ({ signal }) => api.accuracy(model ?? null, signal),
    enabled: model !== undefined && hasSamples,
    placeholderData: (previous, query) => (query?.queryKey[1] === token ? previous : undefined),
    staleTime: Number.POSITIVE_INFINITY,
    ...options,
    // It takes long for many samples: a server that is too slow for it is not asked on and on.
    retry: (failures, error) => failures < 2 && isRetryable(failures, error),
  });

  // A version that did not come about here is one of another tab or device.
  useEffect(() => {
    if (version === undefined) return;
    if (known.current !== null && version > known.current) {
      setElsewhere(version);
      forgetPredictions(queries);
    }
    known.current = version;
  }, [version, queries]);

  /** Show a profile that a call has returned. */
  const show = useCallback(
    (changed: Profile) => {
      const now = loadToken();
      known.current = changed.version;
      setElsewhere(null);
      setToken(now);
      queries.setQueryData(["profile", now], changed);
      forgetPredictions(queries);
    },
    [queries],
  );
  const forget = useCallback(() => {
    known.current = null;
    forgetToken();
    setToken(undefined);
    queries.removeQueries({ queryKey: ["profile"] });
    forgetPredictions(queries);
  }, [queries]);

  const { refetch } = profile;
  /** Do something with the profile; returns whether it was done, and otherwise shows why not. */
  const run = useCallback(
    async (action: () => Promise<Profile | undefined>): Promise<boolean> => {
      setProblem(null);
      try {
        const changed = await action();
        if (changed) show(changed);
        return true;
      } catch (error) {
        // It may have been changed or deleted elsewhere; the latter has a message of its own.
        if (!isUnknownProfile(error)) setProblem(problemOf(error));
        void refetch();
        return false;
      }
    },
    [show, refetch],
  );

  return {
    token,
    consent,
    profile,
    samples,
    accuracy,
    /** Whether the server does not know the token any more. */
    gone: token !== undefined && isUnknownProfile(profile.error),
    /** Why the last action was not done. */
    problem,
    /** The version that came about in another tab or on another device. */
    elsewhere,
    run,
    show,
    forget,
    forgetPredictions: () => forgetPredictions(queries),
  };
}

export type Handwriting = ReturnType<typeof useHandwriting>;
