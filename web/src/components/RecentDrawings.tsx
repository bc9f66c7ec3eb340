import { memo } from "react";
import { formatPercent } from "../lib/format";
import type { RecentDrawing } from "../lib/recentDrawings";
import { Icon } from "./icons";
import "../styles/recent-drawings.css";

interface Props {
  readonly recents: readonly RecentDrawing[];
  readonly onOpen: (recent: RecentDrawing) => void;
  readonly onDelete: (id: string) => void;
  readonly onDeleteAll: () => void;
}

/** The last drawings, as the network saw them, with their answers. */
export const RecentDrawings = memo(function RecentDrawings({
  recents,
  onOpen,
  onDelete,
  onDeleteAll,
}: Props) {
  return (
    <section className="recent-drawings" aria-labelledby="recents-title">
      <div className="recent-drawings-header">
        <h2 id="recents-title">Last drawings</h2>
        <p>Kept in this browser only.</p>
        {recents.length > 0 && (
          <button type="button" className="ghost" onClick={onDeleteAll}>
            Delete all
          </button>
        )}
      </div>
      {recents.length === 0 ? (
        <p className="recent-drawings-empty">What you draw is listed here with its answer.</p>
      ) : (
        <ul>
          {recents.map((recent) => {
            const answer = recent.digit === null ? "no digit" : String(recent.digit);
            return (
              <li key={recent.id}>
                <button
                  type="button"
                  className="recent"
                  aria-label={`Open the drawing read as ${answer}, ${formatPercent(recent.confidence)}`}
                  onClick={() => onOpen(recent)}
                >
                  <img src={recent.seen} width={28} height={28} alt="" />
                  <span className="recent-digit">{recent.digit ?? "–"}</span>
                  <span className="recent-percent">{formatPercent(recent.confidence)}</span>
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
