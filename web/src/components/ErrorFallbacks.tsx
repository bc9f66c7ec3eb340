import type { ReactNode } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { MODES } from "../lib/drawing";
import { remove } from "../lib/storage";
import "../styles/notice.css";

interface SectionBoundaryProps {
  /** What cannot be shown if it fails, as the beginning of a sentence: "The result". */
  readonly name: string;
  /** The section is rendered again when one of these changes. */
  readonly resetKeys: readonly unknown[];
  readonly children: ReactNode;
}

/** Contains a rendering error: the other sections and the drawing are not affected. */
export function SectionBoundary({ name, resetKeys, children }: SectionBoundaryProps) {
  return (
    <ErrorBoundary
      resetKeys={[...resetKeys]}
      fallbackRender={({ resetErrorBoundary }) => (
        <div className="section-error" data-testid="section-error">
          <div className="notice">
            <p role="alert">
              <strong>{name} cannot be shown.</strong> <span>Your drawing is safe.</span>
            </p>
            <button type="button" onClick={resetErrorBoundary}>
              Try again
            </button>
          </div>
        </div>
      )}
    >
      {children}
    </ErrorBoundary>
  );
}

/** Replaces the page after a crash. `useDrawing` has saved the drawing. */
export function PageError({ onRetry }: { readonly onRetry: () => void }) {
  const startOver = () => {
    for (const mode of MODES) remove("session", mode);
    onRetry();
  };
  return (
    <main className="page-error">
      <h1>Something went wrong</h1>
      <p role="alert">
        Your drawing is safe. If trying again does not help, reload the page or start over.
      </p>
      <p>
        <button type="button" className="primary" onClick={onRetry}>
          Try again
        </button>
        <button type="button" onClick={startOver}>
          Start over with an empty drawing
        </button>
      </p>
    </main>
  );
}
