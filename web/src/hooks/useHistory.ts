import { useMemo, useReducer } from "react";
import { type History, push, redo, undo } from "../lib/history";

/** A new state, or a pure function that computes it. */
type Change<State extends object> = State | ((present: State) => State);

/** Change the state; all changes of one gesture form a single undo step. */
export type Update<State extends object> = (change: Change<State>, gesture?: number) => void;

type Action<State extends object> =
  | {
      readonly type: "update";
      readonly change: Change<State>;
      readonly gesture: number | undefined;
    }
  | { readonly type: "undo" }
  | { readonly type: "redo" };

function reduce<State extends object>(
  history: History<State>,
  action: Action<State>,
): History<State> {
  switch (action.type) {
    case "undo":
      return undo(history);
    case "redo":
      return redo(history);
    case "update":
      return push(
        history,
        typeof action.change === "function" ? action.change(history.present) : action.change,
        action.gesture,
      );
  }
}

/** State with undo and redo. */
export function useHistory<State extends object>(initial: () => History<State>) {
  const [history, dispatch] = useReducer(reduce<State>, undefined, initial);
  const actions = useMemo(
    () => ({
      update: ((change, gesture) => dispatch({ type: "update", change, gesture })) as Update<State>,
      undo: () => dispatch({ type: "undo" }),
      redo: () => dispatch({ type: "redo" }),
    }),
    [],
  );
  return {
    history,
    present: history.present,
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    ...actions,
  };
}
