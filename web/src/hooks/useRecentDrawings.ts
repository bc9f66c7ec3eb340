import { useCallback, useEffect, useEffectEvent, useRef, useState } from "react";
import type { Prediction } from "../lib/api/client";
import type { DigitDrawing } from "../lib/drawing";
import { addRecent, type RecentDrawing, RecentDrawingsSchema } from "../lib/recentDrawings";
import { load, onStoredElsewhere, remove, save } from "../lib/storage";
import type { PredictionState } from "./usePrediction";

type Recents = readonly RecentDrawing[];

const NAME = "recent-drawings";
const ADD_DELAY_MS = 900;

const loadRecents = (): Recents => load("local", NAME, RecentDrawingsSchema) ?? [];

/** The recent drawings. A drawing is added once it has a prediction and is left alone for a moment. */
export function useRecentDrawings(
  drawing: DigitDrawing,
  busy: boolean,
  state: PredictionState<Prediction>,
) {
  const { recents, change } = useStoredRecents();

  const { prediction, stale } = state;
  const { id } = drawing;
  const add = useEffectEvent(({ label, confidence, seen }: Prediction) => {
    if (seen === null) return;
    change((recents) => addRecent(recents, { id, drawing, label, confidence, seen }));
  });
  // Depends on the id, not on the drawing: only a new prediction adds a drawing, so a drawing that
  // was deleted from the list does not come back.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another id is another drawing
  useEffect(() => {
    if (busy || stale || !prediction || prediction.reason === "blank") return;
    const timer = setTimeout(() => add(prediction), ADD_DELAY_MS);
    return () => clearTimeout(timer);
  }, [id, busy, stale, prediction]);

  const removeOne = useCallback(
    (id: string) => change((recents) => recents.filter((recent) => recent.id !== id)),
    [change],
  );
  const removeAll = useCallback(() => change(() => []), [change]);
  return { recents, remove: removeOne, removeAll };
}

/** The stored list, which other tabs show and change too. */
function useStoredRecents() {
  const [recents, setRecents] = useState(loadRecents);
  // What this tab shows while the browser stores nothing.
  const unstored = useRef<Recents | null>(null);

  useEffect(
    () =>
      onStoredElsewhere("local", NAME, () => {
        unstored.current = null;
        setRecents(loadRecents());
      }),
    [],
  );

  // A change applies to what is stored now: another tab may have added drawings since.
  const change = useCallback((update: (recents: Recents) => Recents) => {
    const wanted = update(unstored.current ?? loadRecents());
    const stored = store(wanted);
    unstored.current = stored ? null : wanted;
    setRecents(stored ?? wanted);
  }, []);
  return { recents, change };
}

/** Store the list, without its oldest drawings if there is no room; null if nothing can be stored. */
function store(recents: Recents): Recents | null {
  if (recents.length === 0) {
    remove("local", NAME);
    return recents;
  }
  for (let length = recents.length; length > 0; length--) {
    const kept = recents.slice(0, length);
    if (save("local", NAME, kept)) return kept;
  }
  return null;
}
