import { useCallback, useEffect, useEffectEvent, useState } from "react";
import type { Prediction } from "../lib/api/client";
import type { Drawing } from "../lib/drawing";
import { addRecent, type RecentDrawing, RecentDrawingsSchema } from "../lib/recentDrawings";
import { load, remove, save } from "../lib/storage";
import type { PredictionState } from "./usePrediction";

const NAME = "recent-drawings";
const ADD_DELAY_MS = 900;

/** The recent drawings. A drawing is added once it has a prediction and is left alone for a moment. */
export function useRecentDrawings(drawing: Drawing, busy: boolean, state: PredictionState) {
  const [recents, setRecents] = useState<readonly RecentDrawing[]>(
    () => load("local", NAME, RecentDrawingsSchema) ?? [],
  );
  const { prediction, stale } = state;
  const { id } = drawing;

  const add = useEffectEvent(({ digit, confidence, seen }: Prediction) => {
    if (seen === null) return;
    setRecents((recents) => addRecent(recents, { id, drawing, digit, confidence, seen }));
  });

  // Depends on the id, not on the drawing: only a new prediction adds a drawing, so a drawing that
  // was deleted from the list does not come back.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another id is another drawing
  useEffect(() => {
    if (busy || stale || !prediction || prediction.reason === "blank") return;
    const timer = setTimeout(() => add(prediction), ADD_DELAY_MS);
    return () => clearTimeout(timer);
  }, [id, busy, stale, prediction]);

  useEffect(() => {
    if (recents.length === 0) {
      remove("local", NAME);
      return;
    }
    // Storage may be too small for all images: drop the oldest drawings.
    for (let length = recents.length; length > 0; length--) {
      if (save("local", NAME, recents.slice(0, length))) return;
    }
  }, [recents]);

  const removeOne = useCallback(
    (id: string) => setRecents((recents) => recents.filter((recent) => recent.id !== id)),
    [],
  );
  const removeAll = useCallback(() => setRecents([]), []);
  return { recents, remove: removeOne, removeAll };
}
