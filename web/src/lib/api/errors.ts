/** What can go wrong between page and API, and what a person is told: the cause, and what to do. */

import * as v from "valibot";
import { PROBLEM } from "./responses";

export type ApiFailure =
  | { readonly kind: "away" }
  | { readonly kind: "slow" }
  | { readonly kind: "busy"; readonly wait_ms: number }
  | { readonly kind: "refused"; readonly status: number; readonly detail: string }
  | { readonly kind: "strange" }
  | { readonly kind: "misconfigured" }
  | { readonly kind: "unsent" };

export class ApiError extends Error {
  constructor(readonly failure: ApiFailure) {
    super(failure.kind);
    this.name = "ApiError";
  }

  /** Whether the same request may well succeed a little later. */
  get retryable(): boolean {
    return this.failure.kind !== "refused" && this.failure.kind !== "unsent";
  }
}

const MIN_WAIT_MS = 500;
const MAX_WAIT_MS = 120_000;
const DEFAULT_WAIT_MS = 2000;

/** How long Retry-After asks to wait: a number of seconds, or a date. */
export function parseRetryAfter(header: string | null, now_ms: number): number {
  if (!header) return DEFAULT_WAIT_MS;
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now_ms;
  if (Number.isNaN(wait)) return DEFAULT_WAIT_MS;
  return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, wait));
}

/** What an answer that is no success means.
 *
 * @param body  what the answer carries, if it is JSON
 */
export function failureFromResponse(
  status: number,
  headers: Headers,
  body: unknown,
  now_ms: number,
): ApiFailure {
  if (status === 503 || status === 429) {
    return { kind: "busy", wait_ms: parseRetryAfter(headers.get("Retry-After"), now_ms) };
  }
  if (status === 408) return { kind: "slow" };
  const own = headers.get("Content-Type")?.startsWith("application/problem+json");
  // A proxy between says that it reaches no service.
  if (status === 502 || status === 504 || (status >= 500 && !own)) return { kind: "away" };
  const problem = v.safeParse(PROBLEM, body);
  return { kind: "refused", status, detail: problem.success ? problem.output.detail : "" };
}

export interface FailureMessage {
  readonly cause: string;
  readonly action: string;
}

/** Say to a person what is wrong, and what to do or what happens next. */
export function failureMessage(failure: ApiFailure): FailureMessage {
  switch (failure.kind) {
    case "away":
      return {
        cause: "The reader cannot be reached.",
        action: "Your drawing is kept. It is read as soon as the reader is back.",
      };
    case "slow":
      return {
        cause: "The reader takes too long to answer.",
        action: "Your drawing is kept. It is sent again.",
      };
    case "busy":
      return {
        cause: "The reader is busy.",
        action: "Your drawing is kept. It is sent again when the reader asks for it.",
      };
    case "strange":
      return {
        cause: "The answer could not be understood.",
        action: "Your drawing is kept. It is sent again.",
      };
    case "misconfigured":
      return {
        cause: "config.json does not name a reader.",
        action: "Your drawing is kept until it does.",
      };
    case "unsent":
      return {
        cause: "The page could not send this drawing.",
        action: "Change it a little, or reload the page.",
      };
    case "refused":
      return httpErrorMessage(failure.status, failure.detail);
  }
}

function httpErrorMessage(status: number, detail: string): FailureMessage {
  if (status === 413) {
    return { cause: "The picture is too large.", action: "Choose one of at most 16 MB." };
  }
  if (status === 415) {
    return {
      cause: "This file is no picture that can be read.",
      action: "Choose a PNG, JPEG, WebP, GIF or BMP file.",
    };
  }
  if (status >= 500) {
    return {
      cause: "The reader failed at this drawing.",
      action: "Try again; if it stays so, change the drawing a little.",
    };
  }
  return {
    cause: detail || `The reader did not take this drawing (status ${status}).`,
    action: "Change the drawing, or take another picture.",
  };
}
