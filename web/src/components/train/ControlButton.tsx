import { type ReactNode, useId } from "react";

interface Props {
  readonly children: ReactNode;
  /** Why it does nothing now; null if it works. */
  readonly reason: string | null;
  /** Not for a button that submits a form. */
  readonly onClick?: () => void;
  readonly submit?: boolean;
  readonly kind?: "primary" | "danger" | "ghost";
  /** Whether it is on, for a button that stays so. */
  readonly pressed?: boolean;
  /** Its name for screen readers, if the text alone does not say it. */
  readonly label?: string;
}

/** A button that keeps its place and its focus while it has nothing to do, and says why. */
export function ControlButton(props: Props) {
  const { children, reason, onClick, submit = false, kind, pressed, label } = props;
  const id = useId();
  return (
    <>
      <button
        type={submit ? "submit" : "button"}
        className={kind}
        aria-label={label}
        aria-pressed={pressed}
        aria-disabled={reason !== null || undefined}
        aria-describedby={reason === null ? undefined : id}
        title={reason ?? undefined}
        onClick={() => reason === null && onClick?.()}
      >
        {children}
      </button>
      <span id={id} hidden>
        {reason}
      </span>
    </>
  );
}
