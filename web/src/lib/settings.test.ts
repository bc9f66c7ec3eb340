import { afterEach, describe, expect, it, vi } from "vitest";
import { baseOf, DEFAULT_SETTINGS, readSettings, settingsOf } from "./settings";

describe("baseOf", () => {
  it.each([
    ["", "https://a.example/", "https://a.example"],
    ["", "https://a.example/digits/index.html?x#how", "https://a.example/digits"],
    ["/service", "https://a.example/digits/", "https://a.example/service"],
    ["https://b.example:8080/", "https://a.example/", "https://b.example:8080"],
  ])("%j on %s is %s", (api, page, base) => {
    expect(baseOf({ api }, page)).toBe(base);
  });
  it("refuses what is no address", () => {
    expect(() => baseOf({ api: "http://" }, "https://a.example/")).toThrow(TypeError);
  });
});

it.each([null, 3, [], {}, { api: 7 }])("takes the default for %j", (value) => {
  expect(settingsOf(value)).toEqual(DEFAULT_SETTINGS);
});

describe("readSettings", () => {
  afterEach(() => vi.unstubAllGlobals());
  const serve = (answer: () => Promise<Response>) => vi.stubGlobal("fetch", vi.fn(answer));

  it("reads config.json beside the page", async () => {
    serve(async () => Response.json({ api: " https://b.example " }));
    expect(await readSettings("https://a.example/x/")).toEqual({ api: "https://b.example" });
    expect(String(vi.mocked(fetch).mock.calls[0]?.[0])).toBe("https://a.example/x/config.json");
  });
  it("does without it", async () => {
    serve(async () => new Response("no", { status: 404 }));
    expect(await readSettings("https://a.example/")).toEqual(DEFAULT_SETTINGS);
  });
  it("does without it where another page is served in its place", async () => {
    serve(async () => new Response("<!doctype html>"));
    expect(await readSettings("https://a.example/")).toEqual(DEFAULT_SETTINGS);
  });
});
