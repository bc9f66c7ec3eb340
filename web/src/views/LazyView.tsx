import { type LazyExoticComponent, lazy, type ReactNode, Suspense, useState } from "react";
import { ErrorBoundary } from "react-error-boundary";
import type { View } from "../lib/address";
import type { InsideViewProps } from "./viewProps";
import "../styles/notice.css";

/** The views that are loaded when first opened. `lazy` caches a failed load, so a retry needs a new set. */
function lazyViews() {
  return {
    inside: lazy(() => import("./InsideView")),
    handwriting: lazy(() => import("./HandwritingView")),
    game: lazy(() => import("./GameView")),
    train: lazy(() => import("./TrainView")),
    how: lazy(() => import("./HowView")),
  } satisfies Partial<Record<View, LazyExoticComponent<(props: InsideViewProps) => ReactNode>>>;
}

interface Props extends InsideViewProps {
  readonly view: keyof ReturnType<typeof lazyViews>;
}

/** A view that is loaded when it is opened. */
export function LazyView({ view, ...props }: Props) {
  const [views, setViews] = useState(lazyViews);
  const ViewComponent = views[view];
  return (
    <ErrorBoundary
      resetKeys={[view]}
      onReset={() => setViews(lazyViews)}
      fallbackRender={({ resetErrorBoundary }) => <ViewError onRetry={resetErrorBoundary} />}
    >
      <Suspense fallback={<p className="view-loading">Loading…</p>}>
        <ViewComponent {...props} />
      </Suspense>
    </ErrorBoundary>
  );
}

/** The view could not be loaded or shown. After a deployment, its file has another name. */
function ViewError({ onRetry }: { readonly onRetry: () => void }) {
  return (
    <div className="section-error" data-testid="section-error">
      <div className="notice">
        <p role="alert">
          <strong>This view cannot be shown.</strong>{" "}
          <span>
            Your drawing is safe. If trying again does not help, reload the page: there may be a new
            version.
          </span>
        </p>
        <p className="notice-actions">
          <button type="button" onClick={onRetry}>
            Try again
          </button>
          <button type="button" onClick={() => window.location.reload()}>
            Reload the page
          </button>
        </p>
      </div>
    </div>
  );
}
