import { describe, expect, it } from "vitest";
import {
  ApiError,
  type ApiFailure,
  failureFromResponse,
  failureMessage,
  parseRetryAfter,
} from "./errors";

const PROBLEM = { "Content-Type": "application/problem+json" };
const NOW_MS = Date.parse("2026-01-01T00:00:00Z");

describe("parseRetryAfter", () => {
  it.each([
    ["3", 3000],
    ["0", 500],
    ["100000", 120_000],
    ["Thu, 01 Jan 2026 00:00:10 GMT", 10_000],
    ["Wed, 31 Dec 2025 23:00:00 GMT", 500],
    ["soon", 2000],
    [null, 2000],
  ])("of %j is %i ms", (header, retry_after_ms) => {
    expect(parseRetryAfter(header, NOW_MS)).toBe(retry_after_ms);
  });
});

describe("failureFromResponse", () => {
  it.each([
    [503, { ...PROBLEM, "Retry-After": "4" }, { kind: "busy", retry_after_ms: 4000 }],
    [429, PROBLEM, { kind: "busy", retry_after_ms: 2000 }],
    [408, PROBLEM, { kind: "timeout" }],
    [502, { "Content-Type": "text/html" }, { kind: "unreachable" }],
    [504, {}, { kind: "unreachable" }],
    [500, { "Content-Type": "text/plain" }, { kind: "unreachable" }],
    [500, PROBLEM, { kind: "http_error", status: 500, detail: "why" }],
    [413, PROBLEM, { kind: "http_error", status: 413, detail: "why" }],
  ])("of status %i with %j", (status, headers, failure) => {
    expect(failureFromResponse(status, new Headers(headers), { detail: "why" }, NOW_MS)).toEqual(
      failure,
    );
  });
  it.each([null, undefined, "<!doctype html>", [], { detail: 7 }, { detail: { why: "" } }])(
    "accepts the body %j",
    (body) => {
      expect(failureFromResponse(400, new Headers(), body, NOW_MS)).toEqual({
        kind: "http_error",
        status: 400,
        detail: "",
      });
    },
  );
});

describe("failureMessage", () => {
  const failures: ApiFailure[] = [
    { kind: "unreachable" },
    { kind: "timeout" },
    { kind: "busy", retry_after_ms: 1000 },
    { kind: "invalid_response" },
    { kind: "misconfigured" },
    { kind: "page_error" },
    ...[400, 404, 413, 415, 422, 500].map(
      (status) => ({ kind: "http_error", status, detail: "" }) as const,
    ),
  ];
  it.each(failures)("gives a reason and an action for $kind $status", (failure) => {
    const { reason, action } = failureMessage(failure);
    expect(reason).toMatch(/\.$/);
    expect(action).toMatch(/\.$/);
  });
  it.each([400, 413, 415, 422])("shows what the API says about a bad image (%d)", (status) => {
    const detail = "The image is animated; send a single frame.";
    expect(failureMessage({ kind: "http_error", status, detail }).reason).toBe(detail);
  });
});

it("knows which failures can be retried", () => {
  const retryable = (failure: ApiFailure) => new ApiError(failure).retryable;
  expect(retryable({ kind: "unreachable" })).toBe(true);
  expect(retryable({ kind: "busy", retry_after_ms: 1 })).toBe(true);
  expect(retryable({ kind: "invalid_response" })).toBe(true);
  expect(retryable({ kind: "misconfigured" })).toBe(true);
  expect(retryable({ kind: "page_error" })).toBe(false);
  expect(retryable({ kind: "http_error", status: 415, detail: "" })).toBe(false);
});
