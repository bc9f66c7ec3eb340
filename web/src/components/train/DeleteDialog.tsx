import { useState } from "react";
import { Dialog } from "../Dialog";

interface Props {
  readonly names: readonly string[];
  /** Delete them; returns the API's sentence if it refuses. */
  readonly onDelete: () => Promise<string | null>;
  readonly onClose: () => void;
}

const SHOWN = 10;

/** Asks before runs are deleted. */
export function DeleteDialog({ names, onDelete, onClose }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    if (busy) return;
    setBusy(true);
    const refused = await onDelete();
    setBusy(false);
    setProblem(refused);
    if (refused === null) onClose();
  };
  return (
    <Dialog
      title={names.length === 1 ? "Delete this run?" : `Delete these ${names.length} runs?`}
      onClose={onClose}
    >
      <ul className="delete-names">
        {names.slice(0, SHOWN).map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
      {names.length > SHOWN && <p className="muted">{`and ${names.length - SHOWN} more`}</p>}
      <p>Their weights, curves and checkpoints are deleted from the disk, for good.</p>
      {problem !== null && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <div className="control-row">
        <button type="button" className="danger" onClick={remove}>
          {busy ? "Deleting…" : "Delete"}
        </button>
        <button type="button" onClick={onClose}>
          Keep
        </button>
      </div>
    </Dialog>
  );
}
