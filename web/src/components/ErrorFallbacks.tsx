import type { ReactNode } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { remove } from "../lib/storage";
import "../styles/notice.css";

interface BoundaryProps {
  /** What cannot be shown if it fails, as a sentence begins: "The answer". */
  readonly what: string;
  /** It is tried again by itself when one of these changes. */
  readonly basedOn: readonly unknown[];
  readonly children: ReactNode;
}

/** A part of the page that may fail to render; the others, and the drawing, stay. */
export function SectionBoundary({ what, basedOn, children }: BoundaryProps) {
  return (
    <ErrorBoundary
      resetKeys={[...basedOn]}
      fallbackRender={({ resetErrorBoundary }) => (
        <div className="section-error" data-testid="section-error">
          <div className="notice">
            <p role="alert">
              <strong>{what} cannot be shown.</strong> <span>Your drawing is kept.</span>
            </p>
            <button type="button" onClick={resetErrorBoundary}>
              Go on
            </button>
          </div>
        </div>
      )}
    >
      {children}
    </ErrorBoundary>
  );
}

/** In place of the whole page, if that failed. The drawing was kept before (`useDrawing`). */
export function PageError({ onGoOn }: { readonly onGoOn: () => void }) {
  const startAnew = () => {
    for (const name of ["sheet", "pixels"]) remove("session", name);
    onGoOn();
  };
  return (
    <main className="page-error">
      <h1>This page failed</h1>
      <p role="alert">
        Your drawing is kept. If going on does not help, reload the page, or start with an empty
        sheet.
      </p>
      <p>
        <button type="button" className="primary" onClick={onGoOn}>
          Go on
        </button>
        <button type="button" onClick={startAnew}>
          Start with an empty sheet
        </button>
      </p>
    </main>
  );
}
