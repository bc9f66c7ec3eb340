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

/** The recent drawings as the network saw them, with their predictions. */
export const RecentDrawings = memo(function RecentDrawings(props: Props) {
  const { recents, onOpen, onDelete, onDeleteAll } = props;
  return (
    <section className="recent-drawings" aria-labelledby="recent-drawings-title">
      <div className="recent-drawings-header">
        <h2 id="recent-drawings-title">Recent drawings</h2>
        <p>Stored only in this browser.</p>
        {recents.length > 0 && (
          <button type="button" className="ghost" onClick={onDeleteAll}>
            Delete all
          </button>
        )}
      </div>
      {recents.length === 0 ? (
        <p className="recent-drawings-empty">Your drawings and their answers will appear here.</p>
      ) : (
        <ul>
          {recents.map((recent) => {
            const { id, digit, confidence, seen } = recent;
            const percent = digit === null ? "" : formatPercent(confidence);
            const label = digit === null ? "not a digit" : `${digit}, ${percent}`;
            return (
              <li key={id}>
                <button
                  type="button"
                  className="recent"
                  aria-label={`Open drawing: ${label}`}
                  onClick={() => onOpen(recent)}
                >
                  <img src={seen} width={28} height={28} alt="" />
                  <span className="recent-digit">{digit ?? "–"}</span>
                  <span className="recent-percent">{percent}</span>
                </button>
                <button
                  type="button"
                  className="recent-delete"
                  aria-label={`Delete drawing: ${label}`}
                  onClick={() => onDelete(id)}
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
