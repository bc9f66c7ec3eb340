// @vitest-environment happy-dom

import { beforeEach, expect, it } from "vitest";
import { authorize, forgetToken, loadToken, saveToken } from "./token";

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
  const request = (method: string) => new Request("http://page.example/x", { method });
  const sent = (method: string) => {
    const made = request(method);
    authorize(made);
    return made.headers.get("Authorization");
  };
  expect(sent("POST")).toBeNull();
  saveToken(TOKEN);
  expect(sent("POST")).toBe(`Bearer ${TOKEN}`);
  expect(sent("GET")).toBeNull();
});
