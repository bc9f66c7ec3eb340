import { afterEach, describe, expect, it, vi } from "vitest";
import { apiBaseUrl, ConfigError, DEFAULT_CONFIG, loadConfig, parseConfig } from "./config";
import { ResponseTooLargeError } from "./limitedFetch";

describe("baseOf", () => {
  it.each([
    ["", "https://a.example/", "https://a.example"],
    ["", "https://a.example/digits/index.html?x#how", "https://a.example/digits"],
    ["/service", "https://a.example/digits/", "https://a.example/service"],
    ["https://b.example:8080/", "https://a.example/", "https://b.example:8080"],
  ])("%j on %s is %s", (api, page, base) => {
    expect(apiBaseUrl({ api }, page)).toBe(base);
  });
  it.each([
    "http://",
    "javascript:alert(1)",
    "data:text/plain,x",
    "file:///etc/passwd",
    "blob:https://a.example/x",
    "https://user:password@b.example/",
  ])("rejects %j", (api) => {
    expect(() => apiBaseUrl({ api }, "https://a.example/")).toThrow(ConfigError);
  });
});

it.each([null, 3, [], {}, { api: 7 }, { api: ["https://b.example"] }, { api: "x".repeat(3000) }])(
  "takes the default for %j",
  (value) => {
    expect(parseConfig(value)).toEqual(DEFAULT_CONFIG);
  },
);

describe("readSettings", () => {
  afterEach(() => vi.unstubAllGlobals());
  const serve = (answer: () => Promise<Response>) => vi.stubGlobal("fetch", vi.fn(answer));

  it("reads config.json beside the page", async () => {
    serve(async () => Response.json({ api: " https://b.example " }));
    expect(await loadConfig("https://a.example/x/")).toEqual({ api: "https://b.example" });
    const request = vi.mocked(fetch).mock.calls[0]?.[0] as Request;
    expect(request.url).toBe("https://a.example/x/config.json");
  });
  it("does without it", async () => {
    serve(async () => new Response("no", { status: 404 }));
    expect(await loadConfig("https://a.example/")).toEqual(DEFAULT_CONFIG);
  });
  it("does without it where another page is served in its place", async () => {
    serve(async () => new Response("<!doctype html>"));
    expect(await loadConfig("https://a.example/")).toEqual(DEFAULT_CONFIG);
  });
  it("is not kept waiting by an answer without end", async () => {
    vi.stubGlobal(
      "fetch",
      ({ signal }: Request) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    );
    await expect(loadConfig("https://a.example/", 1)).rejects.toThrow("timeout");
  });
  it("does not read a large answer", async () => {
    serve(async () => new Response(" ".repeat(100_000)));
    await expect(loadConfig("https://a.example/")).rejects.toBeInstanceOf(ResponseTooLargeError);
  });
});
