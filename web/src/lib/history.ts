/** What can be undone and redone: states before, now and after. */

export interface History<State> {
  readonly past: readonly State[];
  readonly present: State;
  readonly future: readonly State[];
  /** Which gesture made the present, if one did: what it does next is the same step. */
  readonly gesture: number | null;
}

const LONGEST = 200;

export function begin<State>(present: State): History<State> {
  return { past: [], present, future: [], gesture: null };
}

/** Go on to a new state; what was undone before is gone. The same state again is no step.
 *
 * @param gesture  all that one gesture changes is undone as one step
 */
export function advance<State>(
  history: History<State>,
  present: State,
  gesture: number | null = null,
): History<State> {
  if (Object.is(present, history.present)) return history;
  if (gesture !== null && gesture === history.gesture) return { ...history, present };
  const past = [...history.past, history.present].slice(-LONGEST);
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
