import { useCallback, useEffect, useRef, useState } from "react";
import {
  addRecent,
  type Drawn,
  type RecentDrawing,
  RecentDrawingsSchema,
} from "../lib/recentDrawings";
import { load, remove, save } from "../lib/storage";
import type { PredictionState } from "./usePrediction";

const NAME = "recents";
const AFTER_MS = 900;

/** The last drawings; one that has an answer and is left alone for a while is among them. */
export function useRecentDrawings(
  id: string,
  drawn: Drawn,
  busy: boolean,
  reading: PredictionState,
) {
  const [recents, setRecents] = useState<readonly RecentDrawing[]>(
    () => load("local", NAME, RecentDrawingsSchema) ?? [],
  );
  const { prediction, stale } = reading;

  const latest = useRef(drawn);
  latest.current = drawn;

  // A drawing is not remembered anew because it was opened or deleted: only with a new answer.
  useEffect(() => {
    if (busy || stale || !prediction?.seen || prediction.reason === "blank") return;
    const { digit, confidence, seen } = prediction;
    const timer = setTimeout(
      () =>
        setRecents((now) => addRecent(now, { id, drawn: latest.current, digit, confidence, seen })),
      AFTER_MS,
    );
    return () => clearTimeout(timer);
  }, [id, busy, stale, prediction]);

  useEffect(() => {
    if (recents.length === 0) {
      remove("local", NAME);
      return;
    }
    // Where there is little room, pictures may not all fit: the oldest go.
    for (let kept = recents.length; kept > 0; kept--) {
      if (save("local", NAME, recents.slice(0, kept))) return;
    }
  }, [recents]);

  const removeOne = useCallback(
    (gone: string) => setRecents((now) => now.filter((recent) => recent.id !== gone)),
    [],
  );
  const removeAll = useCallback(() => setRecents([]), []);
  return { recents, remove: removeOne, removeAll };
}
