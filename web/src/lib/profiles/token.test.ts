// @vitest-environment happy-dom

import { beforeEach, expect, it } from "vitest";
import { authorized, forgetToken, isUsed, loadToken, saveToken, setUsed } from "./token";

const TOKEN = "t".repeat(43);

beforeEach(() => localStorage.clear());

it("keeps a token in this browser until it is forgotten", () => {
  expect(loadToken()).toBeUndefined();
  expect(saveToken(TOKEN)).toBe(true);
  expect(loadToken()).toBe(TOKEN);
  forgetToken();
  expect(loadToken()).toBeUndefined();
  expect(localStorage.length).toBe(0);
});

it("ignores what cannot be a token", () => {
  for (const stored of ["short", `${TOKEN}\r\nX: y`, "a b".repeat(20), 7, null]) {
    localStorage.setItem("inkdigits.profile", JSON.stringify(stored));
    expect(loadToken()).toBeUndefined();
  }
});

it("names the profile in the header of requests that predict, and nowhere else", () => {
  const sent = (method: string) =>
    authorized(new Request("http://page.example/x", { method }))?.headers.get("Authorization");
  expect(sent("POST")).toBeUndefined();
  saveToken(TOKEN);
  expect(sent("POST")).toBe(`Bearer ${TOKEN}`);
  expect(sent("GET")).toBeUndefined();
  // Turned off for a while; a new token turns it on.
  setUsed(false);
  expect(isUsed()).toBe(false);
  expect(sent("POST")).toBeUndefined();
  saveToken(TOKEN);
  expect(sent("POST")).toBe(`Bearer ${TOKEN}`);
});
