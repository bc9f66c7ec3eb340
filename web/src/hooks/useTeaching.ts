import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ProfileApi, type ProfileChange, problemOf } from "../lib/profiles/api";
import { forgetPredictions } from "../lib/profiles/forgetPredictions";
import { isUsed, loadToken } from "../lib/profiles/token";

export type Teaching =
  | { readonly kind: "idle" }
  | { readonly kind: "sending" }
  /** The samples are kept. */
  | { readonly kind: "taught"; readonly change: ProfileChange }
  | { readonly kind: "undone" }
  | { readonly kind: "failed"; readonly problem: string };

let shared: ProfileApi | undefined;

/** One client of the profiles for as long as the page is open. */
export function profileApi(): ProfileApi {
  shared ??= new ProfileApi(document.baseURI);
  return shared;
}

/** Whether "My handwriting" is on: only then is anything kept. */
export const isHandwritingOn = () => isUsed() && loadToken() !== undefined;

/** Add samples to the profile, and take that back. What is shown is predicted again after each. */
export function useTeaching(api: ProfileApi = profileApi()) {
  const queryClient = useQueryClient();
  const [state, setState] = useState<Teaching>({ kind: "idle" });
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);

  const run = async (change: () => Promise<Teaching>) => {
    if (state.kind === "sending") return;
    setState({ kind: "sending" });
    const next = await change().catch(
      (error: unknown): Teaching => ({ kind: "failed", problem: problemOf(error) }),
    );
    if (mounted.current) setState(next);
    if (next.kind === "failed") return;
    forgetPredictions(queryClient);
  };
  return {
    state,
    teach: (send: (api: ProfileApi) => Promise<ProfileChange>) =>
      run(async () => ({ kind: "taught", change: await send(api) })),
    undo: () => {
      if (state.kind !== "taught") return;
      const { change } = state;
      return run(async () => {
        await takeBack(api, change);
        return { kind: "undone" };
      });
    },
  };
}

/** Remove the samples of one change, also if another device has changed the profile since. */
async function takeBack(api: ProfileApi, { version, samples }: ProfileChange): Promise<void> {
  // One request instead of many, each of which fits the model again.
  if (samples.length > 1 && (await api.profile()).version === version) {
    await api.undo();
    return;
  }
  for (const { id } of samples) await api.removeSample(id);
}
