import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ErrorBoundary } from "react-error-boundary";
import { App } from "./App";
import { PageError } from "./components/ErrorFallbacks";
import { Api } from "./lib/api/client";
import "./styles/base.css";

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");

const queries = new QueryClient();

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ErrorBoundary
        fallbackRender={({ resetErrorBoundary }) => <PageError onGoOn={resetErrorBoundary} />}
        // What was answered may be what it failed at.
        onReset={() => queries.clear()}
      >
        <App api={new Api(document.baseURI)} />
      </ErrorBoundary>
    </QueryClientProvider>
  </StrictMode>,
);
