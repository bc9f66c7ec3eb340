import { type ReactNode, useId, useRef } from "react";
import { type DrawingRequest, useExplanation } from "../../hooks/useExplanation";
import type { sharedOptions } from "../../hooks/useInside";
import { useInView } from "../../hooks/useInView";
import type { Explanation, Part, PredictionApi } from "../../lib/api/client";
import { failureMessage } from "../../lib/api/errors";

export interface PartProps {
  readonly api: PredictionApi;
  /** Once the drawing has been left alone for a moment. */
  readonly request: DrawingRequest | null;
  readonly model: string | null;
  readonly shared: ReturnType<typeof sharedOptions>;
}

interface Props extends PartProps {
  readonly part: Part;
  readonly title: string;
  readonly children: (explanation: Explanation) => ReactNode;
}

/** A part of the explanation, which is requested once it is in view. */
export function Card({ api, request, model, shared, part, title, children }: Props) {
  const id = useId();
  const container = useRef<HTMLElement>(null);
  const inView = useInView(container);
  const state = useExplanation(api, inView ? request : null, model, { parts: [part], ...shared });
  const { prediction, failure, stale } = state;
  return (
    <section
      className="inside-card"
      ref={container}
      aria-labelledby={id}
      aria-busy={stale && request !== null}
      data-part={part}
    >
      <h3 id={id}>{title}</h3>
      {failure && !state.retrying ? (
        <p className="card-failure">{failureMessage(failure).reason}</p>
      ) : prediction ? (
        children(prediction)
      ) : (
        <p className="card-empty">
          {request ? "Working it out…" : "Draw something first."}
          <span className="print-note"> Scroll down to this part before you print.</span>
        </p>
      )}
    </section>
  );
}
