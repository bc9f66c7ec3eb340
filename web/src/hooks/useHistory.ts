import { useMemo, useReducer } from "react";
import { advance, begin, type History, redo, undo } from "../lib/history";

export type Change<State> = (present: State) => State;

/** Change the state; all that one gesture changes is one step. */
export type Advance<State> = (change: Change<State>, gesture?: number) => void;

type Action<State> =
  | {
      readonly type: "advance";
      readonly change: Change<State>;
      readonly gesture: number | undefined;
    }
  | { readonly type: "undo" }
  | { readonly type: "redo" };

function reduce<State>(history: History<State>, action: Action<State>): History<State> {
  switch (action.type) {
    case "undo":
      return undo(history);
    case "redo":
      return redo(history);
    case "advance":
      return advance(history, action.change(history.present), action.gesture);
  }
}

/** State that can be undone and redone. */
export function useHistory<State>(first: () => State) {
  const [history, dispatch] = useReducer(reduce<State>, undefined, () => begin(first()));
  const moves = useMemo(
    () => ({
      advance: ((change, gesture) =>
        dispatch({ type: "advance", change, gesture })) as Advance<State>,
      undo: () => dispatch({ type: "undo" }),
      redo: () => dispatch({ type: "redo" }),
    }),
    [],
  );
  return {
    present: history.present,
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    ...moves,
  };
}
