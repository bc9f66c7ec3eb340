import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../lib/api/errors";
import {
  loadPending,
  newSampleOf,
  type PendingDigit,
  savePending,
  withoutKept,
} from "../lib/handwriting/pending";
import {
  isUnknownProfile,
  type ProfileApi,
  type ProfileChange,
  problemOf,
} from "../lib/profiles/api";
import { retryDelay } from "../lib/retry";
import type { Handwriting } from "./useHandwriting";

/** What the last digits have brought. */
export interface Effect {
  readonly digits: readonly PendingDigit[];
  readonly change: ProfileChange;
}

/** The digits that are written and not yet learned, and sending them to be learned.
 *
 * They are sent again while the server cannot be reached, and kept until it has them.
 */
export function useLearning(api: ProfileApi, handwriting: Handwriting, model: string | null) {
  const [pending, setPending] = useState(loadPending);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [effect, setEffect] = useState<Effect | null>(null);
  const shown = useRef(true);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);
  useEffect(() => savePending(pending), [pending]);

  // Those of a request whose response was lost.
  const kept = handwriting.samples.data;
  useEffect(() => {
    if (kept && !busy) setPending((all) => withoutKept(all, kept));
  }, [kept, busy]);

  const { show } = handwriting;
  const { refetch } = handwriting.profile;
  const learn = useCallback(
    async (digits: readonly PendingDigit[]) => {
      if (digits.length === 0) return;
      setBusy(true);
      setFailure(null);
      let left = digits;
      for (let failures = 0; shown.current && left.length > 0; failures += 1) {
        try {
          if (failures > 0) left = withoutKept(left, await api.samples());
          if (left.length === 0) {
            show(await api.profile());
            break;
          }
          const change = await api.add(left.map(newSampleOf), model);
          setEffect({ digits: left, change });
          show(change.profile);
          left = [];
        } catch (error) {
          setFailure(problemOf(error));
          if (isUnknownProfile(error)) void refetch();
          if (!(error instanceof ApiError && error.retryable)) break;
          await new Promise((resolve) => setTimeout(resolve, retryDelay(failures, error)));
        }
      }
      const done = new Set(digits.filter((digit) => !left.includes(digit)).map(({ id }) => id));
      if (done.size > 0) setPending((all) => all.filter(({ id }) => !done.has(id)));
      // Also if the view was left meanwhile.
      if (done.size > 0) savePending(loadPending().filter(({ id }) => !done.has(id)));
      if (left.length === 0) setFailure(null);
      setBusy(false);
    },
    [api, model, show, refetch],
  );

  return { pending, setPending, busy, failure, setFailure, effect, setEffect, learn };
}

export type Learning = ReturnType<typeof useLearning>;
