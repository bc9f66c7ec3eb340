import { type ReactNode, useId } from "react";

interface Props {
  readonly children: ReactNode;
  /** Why it does nothing now; null if it works. */
  readonly reason: string | null;
  readonly onClick: () => void;
  readonly primary?: boolean;
  readonly danger?: boolean;
}

/** A button that keeps its place and its focus while it has nothing to do, and says why. */
export function ControlButton({ children, reason, onClick, primary, danger }: Props) {
  const id = useId();
  return (
    <>
      <button
        type="button"
        className={primary ? "primary" : danger ? "danger" : undefined}
        aria-disabled={reason !== null || undefined}
        aria-describedby={reason === null ? undefined : id}
        title={reason ?? undefined}
        onClick={() => reason === null && onClick()}
      >
        {children}
      </button>
      {reason !== null && (
        <span id={id} hidden>
          {reason}
        </span>
      )}
    </>
  );
}
