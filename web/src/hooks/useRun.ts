import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError } from "../lib/api/errors";
import type { LabClient } from "../lib/lab/client";
import { isActive } from "../lib/lab/controls";
import { backoff } from "../lib/lab/eventStream";
import {
  changesDetail,
  type DrawingStep,
  DrawingStepsSchema,
  type Progress,
  startProgress,
  withDetail,
  withEvent,
} from "../lib/lab/progress";
import type { RunDetail, State } from "../lib/lab/schemas";
import { load, save } from "../lib/storage";

/** How long after an event the server is asked for what events do not tell, such as checkpoints. */
const DETAIL_DELAY_MS = 700;

interface Followed {
  readonly name: string;
  readonly progress: Progress | null;
  readonly connected: boolean;
  readonly failure: ApiError | null;
}

const none = (name: string): Followed => ({
  name,
  progress: null,
  connected: true,
  failure: null,
});

/** Follow a run, through lost connections and restarts of the server.
 *
 * @param listed  its state in the list of runs: a run that has ended may be continued elsewhere
 */
export function useRun(client: LabClient, name: string, listed: State | undefined) {
  const [followed, setFollowed] = useState<Followed>(() => none(name));
  const [attempt, setAttempt] = useState(0);
  const following = useRef(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt follows it anew
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let progress: Progress | null = null;
    const publish = (next: Progress) => {
      progress = next;
      setFollowed((previous) => ({ ...previous, name, progress: next }));
    };
    const setConnected = (connected: boolean) =>
      setFollowed((previous) => ({ ...previous, connected }));
    const loadDetail = async () => {
      timer = undefined;
      const run = await client.run(name, signal).catch(() => undefined);
      if (run && progress && !signal.aborted) publish(withDetail(progress, run));
    };
    const follow = async () => {
      const run = await loadRun(client, name, signal, () => setConnected(false));
      setFollowed((previous) => ({ ...previous, connected: true, failure: null }));
      publish(startProgress(run, loadDrawing(name)));
      if (!isActive(run.state)) return;
      await client.follow(name, {
        signal,
        offset: run.offset,
        onEvent: (event) => {
          if (!progress) return;
          publish(withEvent(progress, event));
          if (changesDetail(event)) timer ??= setTimeout(loadDetail, DETAIL_DELAY_MS);
        },
        onConnected: setConnected,
        goesOn: () => progress !== null && isActive(progress.run.state),
      });
      if (!signal.aborted) await loadDetail();
    };
    following.current = true;
    setFollowed((previous) => (previous.name === name ? previous : none(name)));
    follow()
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const failure = error instanceof ApiError ? error : new ApiError({ kind: "page_error" });
        setFollowed((previous) => ({ ...previous, failure }));
      })
      .finally(() => {
        if (!signal.aborted) following.current = false;
      });
    // The server does not tell again what it predicted for the drawing.
    const keep = () => progress && saveDrawing(name, progress.drawing);
    window.addEventListener("pagehide", keep);
    return () => {
      keep();
      window.removeEventListener("pagehide", keep);
      clearTimeout(timer);
      abort.abort();
    };
  }, [client, name, attempt]);

  const refollow = useCallback(() => {
    if (!following.current) setAttempt((previous) => previous + 1);
  }, []);
  useEffect(() => {
    if (listed !== undefined && isActive(listed)) refollow();
  }, [listed, refollow]);

  return { ...(followed.name === name ? followed : none(name)), refollow };
}

/** Load a run, trying again while the server cannot be reached.
 *
 * @throws ApiError if trying again is no use
 */
async function loadRun(
  client: LabClient,
  name: string,
  signal: AbortSignal,
  onLost: () => void,
): Promise<RunDetail> {
  for (let failures = 0; ; failures++) {
    try {
      return await client.run(name, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError && error.retryable)) throw error;
      onLost();
      await new Promise((resolve) => setTimeout(resolve, backoff(failures)));
    }
  }
}

const storageName = (name: string) => `train.drawing.${name}`;

function loadDrawing(name: string): readonly DrawingStep[] {
  return load("session", storageName(name), DrawingStepsSchema) ?? [];
}

function saveDrawing(name: string, steps: readonly DrawingStep[]): void {
  if (steps.length === 0) return;
  const rounded = steps.map(({ step, probabilities }) => ({
    step,
    probabilities: probabilities.map((probability) => Math.round(1000 * probability) / 1000),
  }));
  save("session", storageName(name), rounded);
}
