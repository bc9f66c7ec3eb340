import { useMemo, useState } from "react";
import { newId } from "../lib/drawing";
import type { PendingDigit } from "../lib/handwriting/pending";
import {
  countByDigit,
  leftInRound,
  nextPlace,
  type Place,
  placeName,
  roundsFor,
} from "../lib/handwriting/plan";
import type { ProfileSample } from "../lib/profiles/api";
import type { Stroke } from "../lib/strokes";
import type { Learning } from "./useLearning";

/** Leads through the sheet: which digit is asked for, and what becomes of what is written. */
export function useGuide(kept: readonly ProfileSample[], learning: Learning) {
  const { pending, setPending, learn } = learning;
  const [skipped, setSkipped] = useState<ReadonlySet<string>>(new Set());
  const counts = useMemo(
    () => countByDigit([...kept, ...pending].map(({ label }) => label)),
    [kept, pending],
  );
  const keptCounts = useMemo(() => countByDigit(kept.map(({ label }) => label)), [kept]);
  const rounds = roundsFor(keptCounts);
  const place = nextPlace(counts, skipped, rounds);

  /** After the last digit of a round, what was written is learned. */
  const goOn = (from: Place, written: readonly PendingDigit[], skips: ReadonlySet<string>) => {
    const labels = [...kept, ...written].map(({ label }) => label);
    const next = nextPlace(countByDigit(labels), skips, rounds);
    const isOver = next?.round !== from.round;
    if (isOver) void learn(written);
    return isOver ? null : next;
  };

  return {
    place,
    rounds,
    counts,
    skipped,
    left: place ? leftInRound(counts, skipped, place.round) : 0,
    /** Take what was written for a place; returns the next one, or null after a round. */
    write: (at: Place, strokes: readonly Stroke[]) => {
      const digit = { id: newId(), label: at.digit, strokes, seen: null };
      const written = [...pending, digit];
      setPending(written);
      return { digit, next: goOn(at, written, skipped) };
    },
    skip: (at: Place) => {
      const skips = new Set([...skipped, placeName(at)]);
      setSkipped(skips);
      return goOn(at, pending, skips);
    },
    /** Take back what was written last. */
    redo: () => setPending(pending.slice(0, -1)),
    /** Ask for what was skipped too. */
    startAgain: () => setSkipped(new Set()),
  };
}

export type Guide = ReturnType<typeof useGuide>;
