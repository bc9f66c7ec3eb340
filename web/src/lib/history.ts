/** Undo history: past, present and future states. */

export interface History<State> {
  readonly past: readonly State[];
  readonly present: State;
  readonly future: readonly State[];
  /** The gesture that produced `present`, if any: its further changes belong to the same step. */
  readonly gesture: number | null;
}

const MAX_STEPS = 200;

export function createHistory<State>(present: State): History<State> {
  return { past: [], present, future: [], gesture: null };
}

let lastGesture = 0;

/** A number that no other gesture has, not even one in a drawing area that is not shown any more. */
export function newGesture(): number {
  lastGesture += 1;
  return lastGesture;
}

/** Add a state and drop the future. An identical state adds no step.
 *
 * @param gesture  all changes of one gesture form a single undo step
 */
export function push<State>(
  history: History<State>,
  present: State,
  gesture: number | null = null,
): History<State> {
  if (Object.is(present, history.present)) return history;
  if (gesture !== null && gesture === history.gesture) return { ...history, present };
  const past = [...history.past, history.present].slice(-MAX_STEPS);
  return { past, present, future: [], gesture };
}

export function undo<State>(history: History<State>): History<State> {
  const present = history.past.at(-1);
  if (present === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present,
    future: [history.present, ...history.future],
    gesture: null,
  };
}

export function redo<State>(history: History<State>): History<State> {
  const [present, ...future] = history.future;
  if (present === undefined) return history;
  return { past: [...history.past, history.present], present, future, gesture: null };
}
