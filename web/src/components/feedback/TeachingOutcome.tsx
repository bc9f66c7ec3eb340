import type { Teaching } from "../../hooks/useTeaching";
import type { ProfileChange } from "../../lib/profiles/api";
import { limitText } from "../../lib/profiles/changeText";

interface Props {
  readonly state: Exclude<Teaching, { kind: "idle" }>;
  /** What is kept: "Kept as a sample of your 4." */
  readonly kept: string;
  /** What it has changed. */
  readonly changed: (change: ProfileChange) => string;
  readonly onUndo: () => void;
}

/** How it went to teach the network, with Undo. */
export function TeachingOutcome({ state, kept, changed, onUndo }: Props) {
  return (
    <>
      <p role="status">
        {state.kind === "sending" && <strong>Learning it…</strong>}
        {state.kind === "taught" && (
          <>
            <strong>{kept}</strong> {changed(state.change)} {limitText(state.change.personal_model)}
          </>
        )}
        {state.kind === "undone" && (
          <>
            <strong>Undone.</strong> Nothing of it is kept.
          </>
        )}
        {state.kind === "failed" && (
          <>
            <strong>Nothing was changed.</strong> {state.problem}
          </>
        )}
      </p>
      {state.kind === "taught" && (
        <button type="button" onClick={onUndo}>
          Undo teaching
        </button>
      )}
    </>
  );
}

/** Where one turns on what keeps samples. */
export function HandwritingLink() {
  return <a href="#/handwriting">My handwriting</a>;
}
