import { Icon } from "./icons";
import "../styles/link-message.css";

export interface LinkMessageProps {
  readonly text: string;
  /** Whether it is about something that did not work. */
  readonly failed: boolean;
  /** Whether undo brings back what the link has replaced. */
  readonly canUndo: boolean;
}

interface Props extends LinkMessageProps {
  readonly onUndo: () => void;
  readonly onClose: () => void;
}

/** What a link did, or why it was refused. */
export function LinkMessage({ text, failed, canUndo, onUndo, onClose }: Props) {
  return (
    <div className="link-message" data-failed={failed || undefined} data-testid="link-message">
      <p role={failed ? "alert" : "status"}>{text}</p>
      {canUndo && (
        <button type="button" onClick={onUndo}>
          Undo
        </button>
      )}
      <button type="button" className="ghost" aria-label="Close this message" onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  );
}
