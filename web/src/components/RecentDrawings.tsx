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

const MAX_SHORT_LABEL = 2;

/** The recent drawings as the network saw them, with their predictions. */
export const RecentDrawings = memo(function RecentDrawings(props: Props) {
  const { recents, onOpen, onDelete, onDeleteAll } = props;
  return (
    <section className="recent-drawings" aria-labelledby="recent-drawings-title">
      <div className="recent-drawings-header">
        {/* It gets the focus when the last drawing is deleted. */}
        <h2 id="recent-drawings-title" tabIndex={-1}>
          Recent drawings
        </h2>
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
            const { id, label, confidence, seen } = recent;
            const percent = label === null ? "" : formatPercent(confidence);
            const name = label === null ? "not recognized" : `${label}, ${percent}`;
            return (
              <li key={id}>
                <button
                  type="button"
                  className="recent"
                  data-long={(label?.length ?? 0) > MAX_SHORT_LABEL || undefined}
                  aria-label={`Open drawing: ${name}`}
                  onClick={() => onOpen(recent)}
                >
                  <img src={seen} width={28} height={28} alt="" />
                  <bdi className="recent-label" title={label ?? undefined}>
                    {label ?? "–"}
                  </bdi>
                  <span className="recent-percent">{percent}</span>
                </button>
                <button
                  type="button"
                  className="recent-delete"
                  aria-label={`Delete drawing: ${name}`}
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
