import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ErrorBoundary } from "react-error-boundary";
import { App } from "./App";
import { PageError } from "./components/ErrorFallbacks";
import { ApiClient } from "./lib/api/client";
import { keepFocus } from "./lib/keepFocus";
import "./styles/base.css";
import "./styles/workspace.css";
import "./styles/low.css";

const root = document.getElementById("root");
if (!root) throw new Error("the document has no #root element");

keepFocus(document);

const queryClient = new QueryClient();

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <ErrorBoundary
        fallbackRender={({ resetErrorBoundary }) => <PageError onRetry={resetErrorBoundary} />}
        // A cached response may have caused the crash.
        onReset={() => queryClient.clear()}
      >
        <App api={new ApiClient(document.baseURI)} />
      </ErrorBoundary>
    </QueryClientProvider>
  </StrictMode>,
);
