import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { apiBaseUrl, ConfigError, DEFAULT_CONFIG, loadConfig, parseConfig } from "./config";
import { ResponseTooLargeError } from "./limitedFetch";

describe("apiBaseUrl", () => {
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
  "uses the default for %j",
  (value) => {
    expect(parseConfig(value)).toEqual(DEFAULT_CONFIG);
  },
);

describe("loadConfig", () => {
  afterEach(() => vi.unstubAllGlobals());
  const serve = (respond: () => Promise<Response>) => vi.stubGlobal("fetch", vi.fn(respond));

  it("loads config.json next to the page", async () => {
    serve(async () => Response.json({ api: " https://b.example " }));
    expect(await loadConfig("https://a.example/x/")).toEqual({ api: "https://b.example" });
    const request = vi.mocked(fetch).mock.calls[0]?.[0] as Request;
    expect(request.url).toBe("https://a.example/x/config.json");
  });
  it("uses the default if it is missing", async () => {
    serve(async () => new Response("no", { status: 404 }));
    expect(await loadConfig("https://a.example/")).toEqual(DEFAULT_CONFIG);
  });
  it("uses the default if a page is served in its place", async () => {
    serve(async () => new Response("<!doctype html>"));
    expect(await loadConfig("https://a.example/")).toEqual(DEFAULT_CONFIG);
  });
  it("gives up on a server that does not respond", async () => {
    const server = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      await expect(loadConfig(`http://127.0.0.1:${port}/`, 20)).rejects.toThrow("timeout");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
  it("rejects a large response", async () => {
    serve(async () => new Response(" ".repeat(100_000)));
    await expect(loadConfig("https://a.example/")).rejects.toBeInstanceOf(ResponseTooLargeError);
  });
});
