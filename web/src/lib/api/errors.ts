/** What can go wrong in a call of the API, and how the page explains it. */

import * as v from "valibot";
import { ProblemSchema } from "./responses";

export type ApiFailure =
  | { readonly kind: "unreachable" }
  | { readonly kind: "timeout" }
  | { readonly kind: "busy"; readonly retry_after_ms: number }
  | {
      readonly kind: "http_error";
      readonly status: number;
      readonly detail: string;
      /** The option of the lab that is wrong. */
      readonly field?: string;
    }
  | { readonly kind: "invalid_response" }
  | { readonly kind: "misconfigured" }
  /** The page itself failed, before or after the call. */
  | { readonly kind: "page_error" };

export class ApiError extends Error {
  override name = "ApiError";

  constructor(readonly failure: ApiFailure) {
    super(failure.kind);
  }

  /** Whether the same request may succeed a little later. */
  get retryable(): boolean {
    return this.failure.kind !== "http_error" && this.failure.kind !== "page_error";
  }
}

const MIN_WAIT_MS = 500;
const MAX_WAIT_MS = 120_000;
const DEFAULT_WAIT_MS = 2000;

/** Parse Retry-After, a number of seconds or a date, into a wait. */
export function parseRetryAfter(header: string | null, now_ms: number): number {
  if (!header) return DEFAULT_WAIT_MS;
  const wait_ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now_ms;
  if (Number.isNaN(wait_ms)) return DEFAULT_WAIT_MS;
  return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, wait_ms));
}

/** Interpret an unsuccessful response.
 *
 * @param body  the parsed JSON body, if there is one
 */
export function failureFromResponse(
  status: number,
  headers: Headers,
  body: unknown,
  now_ms: number,
): ApiFailure {
  if (status === 503 || status === 429) {
    return { kind: "busy", retry_after_ms: parseRetryAfter(headers.get("Retry-After"), now_ms) };
  }
  if (status === 408) return { kind: "timeout" };
  const fromApi = headers.get("Content-Type")?.startsWith("application/problem+json");
  // The response of a proxy that cannot reach the API.
  if (status === 502 || status === 504 || (status >= 500 && !fromApi)) {
    return { kind: "unreachable" };
  }
  const problem = v.safeParse(ProblemSchema, body);
  if (!problem.success) return { kind: "http_error", status, detail: "" };
  const { detail, field } = problem.output;
  return { kind: "http_error", status, detail, ...(field !== null && { field }) };
}

export interface FailureMessage {
  readonly reason: string;
  /** What to do, or what happens next. */
  readonly action: string;
}

/** Explain a failure to the person who is drawing. */
export function failureMessage(failure: ApiFailure): FailureMessage {
  switch (failure.kind) {
    case "unreachable":
      return {
        reason: "Can't reach the server.",
        action: "Your drawing is safe and will be read once the connection is back.",
      };
    case "timeout":
      return {
        reason: "The server is taking too long.",
        action: "Your drawing is safe and will be sent again.",
      };
    case "busy":
      return {
        reason: "The server is busy.",
        action: "Your drawing is safe and will be sent again in a moment.",
      };
    case "invalid_response":
      return {
        reason: "The server sent an unexpected reply.",
        action: "Your drawing is safe and will be sent again.",
      };
    case "misconfigured":
      return {
        reason: "Invalid API address in config.json.",
        action: "Your drawing is safe and will be read once that is fixed.",
      };
    case "page_error":
      return {
        reason: "This page could not send your drawing.",
        action: "Change the drawing slightly, or reload the page.",
      };
    case "http_error":
      return httpErrorMessage(failure.status, failure.detail);
  }
}

function httpErrorMessage(status: number, detail: string): FailureMessage {
  if (status === 413) {
    return {
      reason: detail || "The image is too large.",
      action: detail ? "Choose a smaller image." : "Choose one of up to 16 MB.",
    };
  }
  if (status === 415) {
    return {
      reason: detail || "This file cannot be opened as an image.",
      action: detail ? "Choose another image." : "Choose a PNG, JPEG, WebP, GIF or BMP file.",
    };
  }
  if (status >= 500) {
    return {
      reason: "Something went wrong with this drawing.",
      action: "Try again; if it keeps failing, change the drawing slightly.",
    };
  }
  return {
    reason: detail || `The server did not accept this drawing (status ${status}).`,
    action: "Change the drawing, or choose another image.",
  };
}
