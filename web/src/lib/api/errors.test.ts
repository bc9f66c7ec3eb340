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

describe("waitOf", () => {
  it.each([
    ["3", 3000],
    ["0", 500],
    ["100000", 120_000],
    ["Thu, 01 Jan 2026 00:00:10 GMT", 10_000],
    ["Wed, 31 Dec 2025 23:00:00 GMT", 500],
    ["soon", 2000],
    [null, 2000],
  ])("of %j is %i ms", (header, wait_ms) => {
    expect(parseRetryAfter(header, NOW_MS)).toBe(wait_ms);
  });
});

describe("troubleOf", () => {
  it.each([
    [503, { ...PROBLEM, "Retry-After": "4" }, { kind: "busy", wait_ms: 4000 }],
    [429, PROBLEM, { kind: "busy", wait_ms: 2000 }],
    [408, PROBLEM, { kind: "slow" }],
    [502, { "Content-Type": "text/html" }, { kind: "away" }],
    [504, {}, { kind: "away" }],
    [500, { "Content-Type": "text/plain" }, { kind: "away" }],
    [500, PROBLEM, { kind: "refused", status: 500, detail: "why" }],
    [413, PROBLEM, { kind: "refused", status: 413, detail: "why" }],
  ])("of status %i with %j", (status, headers, failure) => {
    expect(failureFromResponse(status, new Headers(headers), { detail: "why" }, NOW_MS)).toEqual(
      failure,
    );
  });
  it.each([null, undefined, "<!doctype html>", [], { detail: 7 }, { detail: { why: "" } }])(
    "bears the body %j",
    (body) => {
      expect(failureFromResponse(400, new Headers(), body, NOW_MS)).toEqual({
        kind: "refused",
        status: 400,
        detail: "",
      });
    },
  );
});

describe("wordingOf", () => {
  const troubles: ApiFailure[] = [
    { kind: "away" },
    { kind: "slow" },
    { kind: "busy", wait_ms: 1000 },
    { kind: "strange" },
    { kind: "misconfigured" },
    { kind: "unsent" },
    ...[400, 404, 413, 415, 422, 500].map(
      (status) => ({ kind: "refused", status, detail: "" }) as const,
    ),
  ];
  it.each(troubles)("names cause and action of $kind $status", (failure) => {
    const { cause, action } = failureMessage(failure);
    expect(cause).toMatch(/\.$/);
    expect(action).toMatch(/\.$/);
  });
  it("repeats what the API says of a bad picture", () => {
    const detail = "The picture's file is damaged.";
    expect(failureMessage({ kind: "refused", status: 400, detail }).cause).toBe(detail);
  });
});

it("tells what passes by itself", () => {
  const retryable = (failure: ApiFailure) => new ApiError(failure).retryable;
  expect(retryable({ kind: "away" })).toBe(true);
  expect(retryable({ kind: "busy", wait_ms: 1 })).toBe(true);
  expect(retryable({ kind: "strange" })).toBe(true);
  expect(retryable({ kind: "misconfigured" })).toBe(true);
  expect(retryable({ kind: "unsent" })).toBe(false);
  expect(retryable({ kind: "refused", status: 415, detail: "" })).toBe(false);
});
