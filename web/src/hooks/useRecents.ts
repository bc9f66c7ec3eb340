import { useCallback, useEffect, useRef, useState } from "react";
import { type Drawn, KEPT_RECENTS, type Recent, remember } from "../lib/recents";
import { forget, load, save } from "../lib/storage";
import type { Reading } from "./useReading";

const NAME = "recents";
const AFTER_MS = 900;

/** The last drawings; one that has an answer and is left alone for a while is among them. */
export function useRecents(id: string, drawn: Drawn, busy: boolean, reading: Reading) {
  const [recents, setRecents] = useState<readonly Recent[]>(
    () => load("local", NAME, KEPT_RECENTS) ?? [],
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
        setRecents((now) => remember(now, { id, drawn: latest.current, digit, confidence, seen })),
      AFTER_MS,
    );
    return () => clearTimeout(timer);
  }, [id, busy, stale, prediction]);

  useEffect(() => {
    if (recents.length === 0) {
      forget("local", NAME);
      return;
    }
    // Where there is little room, pictures may not all fit: the oldest go.
    for (let kept = recents.length; kept > 0; kept--) {
      if (save("local", NAME, recents.slice(0, kept))) return;
    }
  }, [recents]);

  const remove = useCallback(
    (gone: string) => setRecents((now) => now.filter((recent) => recent.id !== gone)),
    [],
  );
  const removeAll = useCallback(() => setRecents([]), []);
  return { recents, remove, removeAll };
}
