import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MODELS, PREDICTION } from "../../../tests/fixtures";
import { ApiClient } from "./client";
import { ApiError } from "./errors";
import { MAX_RESPONSE_BYTES } from "./responses";

const PROBLEM = { "Content-Type": "application/problem+json" };
const PIXELS = { pixels: [[0]] };

let respond: (request: Request) => Promise<Response>;
let calls: Request[];
let config: unknown;

beforeEach(() => {
  config = { api: "" };
  calls = [];
  respond = async () => Response.json(PREDICTION);
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    if (request.url.endsWith("config.json")) return Promise.resolve(Response.json(config));
    calls.push(request);
    return new Promise((resolve, reject) => {
      const abort = () => reject(new DOMException("", "AbortError"));
      if (request.signal.aborted) abort();
      request.signal.addEventListener("abort", abort);
      respond(request).then(resolve, reject);
    });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const client = () => new ApiClient("http://page.example/");
const failure = (error: unknown) => (error as ApiError).failure;

describe("predict", () => {
  it("sends a drawing and requests the network's input", async () => {
    const signal = new AbortController().signal;
    expect(await client().predict(PIXELS, "mlp", signal)).toEqual(PREDICTION);
    expect(calls[0]?.url).toBe("http://page.example/api/v1/predictions?seen=true&model=mlp");
    expect(calls[0]?.headers.get("Content-Type")).toBe("application/json");
    expect(await calls[0]?.json()).toEqual(PIXELS);
  });

  it.each([
    ["another page", async () => new Response("<!doctype html>"), "invalid_response"],
    ["another object", async () => Response.json({ hello: 1 }), "invalid_response"],
    ["a list", async () => Response.json([null]), "invalid_response"],
    ["an empty response", async () => new Response(""), "invalid_response"],
    ["text that is not JSON", async () => new Response('{"confidence": NaN}'), "invalid_response"],
    ["deep nesting", async () => new Response("[".repeat(500_000)), "invalid_response"],
    [
      "a large response",
      async () => new Response(" ".repeat(MAX_RESPONSE_BYTES + 1)),
      "invalid_response",
    ],
    [
      "a large problem",
      async () => new Response(" ".repeat(2 ** 21), { status: 400 }),
      "invalid_response",
    ],
    ["no network", async () => Promise.reject(new TypeError("failed to fetch")), "unreachable"],
    ["a proxy's error", async () => new Response("bad gateway", { status: 502 }), "unreachable"],
  ])("classifies %s", async (_, given, kind) => {
    respond = given;
    const error = await client().predict(PIXELS, null, new AbortController().signal).catch(failure);
    expect(error).toEqual({ kind });
  });

  it("sends nothing until config.json contains a valid address", async () => {
    const { signal } = new AbortController();
    const api = client();
    config = { api: "javascript:alert(1)" };
    expect(await api.predict(PIXELS, null, signal).catch(failure)).toEqual({
      kind: "misconfigured",
    });
    expect(calls).toEqual([]);
    config = { api: "https://b.example" };
    expect(await api.predict(PIXELS, null, signal)).toEqual(PREDICTION);
    expect(calls[0]?.url).toContain("https://b.example/api/v1/predictions");
  });

  it("times out", async () => {
    respond = () => new Promise(() => undefined);
    const api = new ApiClient("http://page.example/", 20);
    const error = await api.predict(PIXELS, null, new AbortController().signal).catch(failure);
    expect(error).toEqual({ kind: "timeout" });
  });

  it("does not throw an ApiError when it is canceled", async () => {
    respond = () => new Promise(() => undefined);
    const controller = new AbortController();
    const error = client()
      .predict(PIXELS, null, controller.signal)
      .catch((error: unknown) => error);
    await Promise.resolve();
    controller.abort();
    expect(await error).not.toBeInstanceOf(ApiError);
  });

  it("does not call a busy API before Retry-After has passed", async () => {
    vi.useFakeTimers();
    const api = client();
    const { signal } = new AbortController();
    respond = async () =>
      new Response("{}", { status: 503, headers: { ...PROBLEM, "Retry-After": "3" } });
    expect(await api.predict(PIXELS, null, signal).catch(failure)).toEqual({
      kind: "busy",
      retry_after_ms: 3000,
    });
    respond = async () => Response.json(PREDICTION);
    const second = api.predict(PIXELS, null, signal);
    await vi.advanceTimersByTimeAsync(2900);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(await second).toEqual(PREDICTION);
  });
});

describe("models", () => {
  const models = () => client().models(new AbortController().signal).catch(failure);
  it("lists the models", async () => {
    respond = async () => Response.json(MODELS);
    expect(await models()).toEqual(MODELS);
  });
  it.each([[null], { ...MODELS, models: [{ ...MODELS.models[0], metrics: null }] }])(
    "rejects the list %j",
    async (value) => {
      respond = async () => Response.json(value);
      expect(await models()).toEqual({ kind: "invalid_response" });
    },
  );
});
