/** The page in a simulated browser, with an API that the tests control. */

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, vi } from "vitest";
import { App } from "../src/App";
import type {
  NumberAnswer,
  NumberBody,
  Prediction,
  PredictionApi,
  PredictionBody,
} from "../src/lib/api/client";
import * as fixtures from "./fixtures";

/** What the API predicts unless a test says otherwise. */
export const PREDICTION: Prediction = {
  ...fixtures.PREDICTION,
  digit: 1,
  label: "1",
  confidence: 0.97,
  probabilities: [0, 0.97, 0, 0, 0, 0, 0, 0.03, 0, 0],
  seen: fixtures.SEEN,
};

/** How the API responds, and what it was sent. */
export const api = {
  requests: [] as (PredictionBody | NumberBody)[],
  requestedModels: [] as (string | null)[],
  predict: async (_body: PredictionBody, _model: string | null): Promise<Prediction> => PREDICTION,
  recognizeNumber: async (_body: NumberBody): Promise<NumberAnswer> => fixtures.NUMBER,
  models: (_signal: AbortSignal): ReturnType<PredictionApi["models"]> =>
    new Promise(() => undefined),
};

const INITIAL = { ...api };

beforeEach(() => {
  Object.assign(api, INITIAL, { requests: [], requestedModels: [] });
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
});
afterEach(() => {
  cleanup();
  window.localStorage.clear();
  window.sessionStorage.clear();
});

/** Open the page at an address; pixel mode does not need a canvas. */
export function openPage(fragment = "#/") {
  window.location.hash = fragment;
  window.sessionStorage.setItem("inkdigits.mode", '"pixels"');
  return render(
    <QueryClientProvider client={new QueryClient()}>
      <App
        api={{
          predict: (body, model) => {
            api.requests.push(body);
            api.requestedModels.push(model);
            return api.predict(body, model);
          },
          recognizeNumber: (body) => {
            api.requests.push(body);
            return api.recognizeNumber(body);
          },
          explain: () => new Promise(() => undefined),
          models: (signal) => api.models(signal),
        }}
      />
    </QueryClientProvider>,
  );
}

export const heading = () => screen.getByTestId("result-heading").textContent;
export const drawingArea = () => screen.getByRole("application");
export const drawnPixels = () => drawingArea().querySelector(".pixels")?.getAttribute("d") ?? "";

export async function drawWithKeyboard() {
  act(() => drawingArea().focus());
  await userEvent.keyboard(" {ArrowDown}{ArrowDown}{ArrowDown} ");
}
