import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MODELS, PREDICTION } from "../../../tests/fixtures";
import { Api, TIMEOUT_MS } from "./client";
import { ApiError } from "./errors";
import { MAX_RESPONSE_BYTES } from "./responses";

const PROBLEM = { "Content-Type": "application/problem+json" };
const PIXELS = { pixels: [[0]] };

let answer: (request: Request) => Promise<Response>;
let calls: Request[];
let config: unknown;

beforeEach(() => {
  config = { api: "" };
  calls = [];
  answer = async () => Response.json(PREDICTION);
  vi.stubGlobal("fetch", (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    if (request.url.endsWith("config.json")) return Promise.resolve(Response.json(config));
    calls.push(request);
    return new Promise((resolve, reject) => {
      const abort = () => reject(new DOMException("", "AbortError"));
      if (request.signal.aborted) abort();
      request.signal.addEventListener("abort", abort);
      answer(request).then(resolve, reject);
    });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const api = () => new Api("http://page.example/");
const failure = (error: unknown) => (error as ApiError).failure;

describe("predict", () => {
  it("sends a drawing and asks for what was seen", async () => {
    const signal = new AbortController().signal;
    expect(await api().predict(PIXELS, "mlp", signal)).toEqual(PREDICTION);
    expect(calls[0]?.url).toBe("http://page.example/api/v1/predictions?seen=true&model=mlp");
    expect(calls[0]?.headers.get("Content-Type")).toBe("application/json");
    expect(await calls[0]?.json()).toEqual(PIXELS);
  });

  it.each([
    ["another page", async () => new Response("<!doctype html>"), "strange"],
    ["another object", async () => Response.json({ hello: 1 }), "strange"],
    ["a list", async () => Response.json([null]), "strange"],
    ["an empty answer", async () => new Response(""), "strange"],
    ["text that is not JSON", async () => new Response('{"confidence": NaN}'), "strange"],
    ["deep nesting", async () => new Response("[".repeat(500_000)), "strange"],
    ["a large answer", async () => new Response(" ".repeat(MAX_RESPONSE_BYTES + 1)), "strange"],
    ["a large problem", async () => new Response(" ".repeat(2 ** 21), { status: 400 }), "strange"],
    ["no network", async () => Promise.reject(new TypeError("failed to fetch")), "away"],
    ["a proxy's word", async () => new Response("bad gateway", { status: 502 }), "away"],
  ])("takes %s for what it is", async (_, given, kind) => {
    answer = given;
    const error = await api().predict(PIXELS, null, new AbortController().signal).catch(failure);
    expect(error).toEqual({ kind });
  });

  it("is not sent anywhere if config.json names no address, until it does", async () => {
    const { signal } = new AbortController();
    const service = api();
    config = { api: "javascript:alert(1)" };
    expect(await service.predict(PIXELS, null, signal).catch(failure)).toEqual({
      kind: "misconfigured",
    });
    expect(calls).toEqual([]);
    config = { api: "https://b.example" };
    expect(await service.predict(PIXELS, null, signal)).toEqual(PREDICTION);
    expect(calls[0]?.url).toContain("https://b.example/api/v1/predictions");
  });

  it("gives up after a while", async () => {
    vi.useFakeTimers();
    answer = () => new Promise(() => undefined);
    const error = api().predict(PIXELS, null, new AbortController().signal).catch(failure);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS + 1);
    expect(await error).toEqual({ kind: "slow" });
  });

  it("is no error of the API when it is cancelled", async () => {
    answer = () => new Promise(() => undefined);
    const controller = new AbortController();
    const error = api()
      .predict(PIXELS, null, controller.signal)
      .catch((error: unknown) => error);
    await Promise.resolve();
    controller.abort();
    expect(await error).not.toBeInstanceOf(ApiError);
  });

  it("does not call again before it may", async () => {
    vi.useFakeTimers();
    const service = api();
    const { signal } = new AbortController();
    answer = async () =>
      new Response("{}", { status: 503, headers: { ...PROBLEM, "Retry-After": "3" } });
    expect(await service.predict(PIXELS, null, signal).catch(failure)).toEqual({
      kind: "busy",
      wait_ms: 3000,
    });
    answer = async () => Response.json(PREDICTION);
    const second = service.predict(PIXELS, null, signal);
    await vi.advanceTimersByTimeAsync(2900);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(await second).toEqual(PREDICTION);
  });
});

describe("models", () => {
  const models = () => api().models(new AbortController().signal).catch(failure);
  it("lists what is in service", async () => {
    answer = async () => Response.json(MODELS);
    expect(await models()).toEqual(MODELS);
  });
  it.each([[null], { ...MODELS, models: [{ ...MODELS.models[0], metrics: null }] }])(
    "does not take %j for a list",
    async (value) => {
      answer = async () => Response.json(value);
      expect(await models()).toEqual({ kind: "strange" });
    },
  );
});
