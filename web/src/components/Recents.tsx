import { memo } from "react";
import type { Recent } from "../lib/recents";
import { percent } from "../lib/words";
import { Icon } from "./icons";
import "../styles/recents.css";

interface Props {
  readonly recents: readonly Recent[];
  readonly onOpen: (recent: Recent) => void;
  readonly onDelete: (id: string) => void;
  readonly onDeleteAll: () => void;
}

/** The last drawings, as the network saw them, with their answers. */
export const Recents = memo(function Recents({ recents, onOpen, onDelete, onDeleteAll }: Props) {
  return (
    <section className="recents" aria-labelledby="recents-title">
      <div className="recents-head">
        <h2 id="recents-title">Last drawings</h2>
        <p>Kept in this browser only.</p>
        {recents.length > 0 && (
          <button type="button" className="quiet" onClick={onDeleteAll}>
            Delete all
          </button>
        )}
      </div>
      {recents.length === 0 ? (
        <p className="recents-none">What you draw is listed here with its answer.</p>
      ) : (
        <ul>
          {recents.map((recent) => {
            const answer = recent.digit === null ? "no digit" : String(recent.digit);
            return (
              <li key={recent.id}>
                <button
                  type="button"
                  className="recent"
                  aria-label={`Open the drawing read as ${answer}, ${percent(recent.confidence)}`}
                  onClick={() => onOpen(recent)}
                >
                  <img src={recent.seen} width={28} height={28} alt="" />
                  <span className="recent-answer">{recent.digit ?? "–"}</span>
                  <span className="recent-number">{percent(recent.confidence)}</span>
                </button>
                <button
                  type="button"
                  className="recent-delete"
                  aria-label={`Delete the drawing read as ${answer}`}
                  onClick={() => onDelete(recent.id)}
                >
                  <Icon name="close" />
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
});
