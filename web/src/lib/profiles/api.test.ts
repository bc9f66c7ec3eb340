// @vitest-environment happy-dom

import type * as v from "valibot";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { PREDICTION, SEEN } from "../../../tests/fixtures";
import { CHANGE, PROFILE, TOKEN } from "../../../tests/profiles";
import { ApiClient } from "../api/client";
import type { components } from "../api/schema";
import { isUnknownProfile, ProfileApi, problemOf } from "./api";
import type {
  AccuracySchema,
  ChangeSchema,
  ConsentSchema,
  CreatedProfileSchema,
  ProfileSchema,
  ProfileTokenSchema,
  SamplesSchema,
} from "./schemas";
import { loadToken, saveToken } from "./token";

type Schemas = components["schemas"];

const PROBLEM = { "Content-Type": "application/problem+json" };

/** What the server answers to a method and path; and the requests that it got. */
let answers: Record<string, () => Response>;
let requests: Request[];

beforeEach(() => {
  localStorage.clear();
  requests = [];
  answers = {};
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname;
    if (path === "/config.json") return Response.json({ api: "" });
    requests.push(request);
    const answer = answers[`${request.method} ${path.replace("/api/v1/", "")}`];
    return answer?.() ?? Response.json({ detail: "Unknown." }, { status: 401, headers: PROBLEM });
  });
});
afterEach(() => vi.unstubAllGlobals());

const api = () => new ProfileApi("http://page.example/");
const authorization = () => requests.map(({ headers }) => headers.get("Authorization"));

// Checked by the compiler, in `npm run lint` and `npm run build`.
it("has the types of the OpenAPI document", () => {
  expectTypeOf<v.InferOutput<typeof ConsentSchema>>().toEqualTypeOf<Schemas["Consent"]>();
  expectTypeOf<v.InferOutput<typeof ProfileSchema>>().toEqualTypeOf<Schemas["Profile"]>();
  expectTypeOf<v.InferOutput<typeof CreatedProfileSchema>>().toEqualTypeOf<
    Schemas["CreatedProfile"]
  >();
  expectTypeOf<v.InferOutput<typeof ProfileTokenSchema>>().toEqualTypeOf<Schemas["ProfileToken"]>();
  expectTypeOf<v.InferOutput<typeof SamplesSchema>>().toEqualTypeOf<Schemas["ProfileSamples"]>();
  expectTypeOf<v.InferOutput<typeof ChangeSchema>>().toEqualTypeOf<Schemas["ProfileChange"]>();
  expectTypeOf<v.InferOutput<typeof AccuracySchema>>().toEqualTypeOf<Schemas["ProfileAccuracy"]>();
});

describe("ProfileApi", () => {
  it("creates a profile, keeps its token, and sends that in the header alone", async () => {
    answers["POST profiles"] = () => Response.json({ ...PROFILE, token: TOKEN }, { status: 201 });
    answers["GET profile"] = () => Response.json(PROFILE);
    expect(await api().create("Ada")).toEqual(PROFILE);
    expect(await requests[0]?.json()).toEqual({ consent: true, name: "Ada" });
    expect(loadToken()).toBe(TOKEN);
    await api().profile();
    expect(authorization()).toEqual([null, `Bearer ${TOKEN}`]);
    expect(requests.some(({ url }) => url.includes(TOKEN))).toBe(false);
  });

  it("adds samples and corrections with the chosen model", async () => {
    saveToken(TOKEN);
    answers["POST profile/samples"] = () => Response.json(CHANGE, { status: 201 });
    answers["POST profile/corrections"] = () => Response.json(CHANGE, { status: 201 });
    const strokes = [{ points: [[0, 1]] }];
    expect(await api().add([{ strokes, label: 4, source: "drawn" }], "mlp")).toEqual(CHANGE);
    await api().correct({ image: "data:", text: "42", kind: "number" });
    expect(requests[0]?.url).toBe("http://page.example/api/v1/profile/samples?model=mlp");
    expect(await requests[0]?.json()).toEqual({
      samples: [{ strokes, label: 4, source: "drawn" }],
    });
    expect(requests[1]?.url).toBe("http://page.example/api/v1/profile/corrections");
    expect(await requests[1]?.json()).toEqual({ image: "data:", text: "42", kind: "number" });
  });

  it("lists and removes samples, undoes, and measures", async () => {
    saveToken(TOKEN);
    const sample = { id: "a".repeat(32), label: 4, source: "drawn", time: PROFILE.created };
    const samples = [{ ...sample, seen: SEEN, strokes: null }];
    const right = { samples: 0, right_before: 0, right_after: 0 };
    const accuracy = { ...right, by_digit: Array(10).fill(right) };
    const { personal_model } = CHANGE;
    answers["GET profile/samples"] = () => Response.json({ samples });
    answers[`DELETE profile/samples/${sample.id}`] = () => Response.json(PROFILE);
    answers["POST profile/undo"] = () => Response.json(PROFILE);
    answers["GET profile/accuracy"] = () => Response.json({ ...accuracy, personal_model });
    expect(await api().samples()).toEqual(samples);
    expect(await api().removeSample(sample.id)).toEqual(PROFILE);
    expect(await api().undo()).toEqual(PROFILE);
    expect(await api().accuracy("mlp")).toEqual({ ...accuracy, personal_model });
    expect(new Set(authorization())).toEqual(new Set([`Bearer ${TOKEN}`]));
  });

  it("forgets the token of a deleted profile, but not of one that could not be deleted", async () => {
    saveToken(TOKEN);
    await expect(api().delete()).rejects.toSatisfy(isUnknownProfile);
    expect(loadToken()).toBe(TOKEN);
    answers["DELETE profile"] = () => new Response(null, { status: 204 });
    await api().delete();
    expect(loadToken()).toBeUndefined();
  });

  it("exports a file, and imports it as a new profile", async () => {
    saveToken(TOKEN);
    answers["GET profile/export"] = () => new Response('{"format": "x"}');
    const text = await (await api().exportFile()).text();
    const token = "n".repeat(43);
    answers["POST profiles/import"] = () => Response.json({ ...PROFILE, token }, { status: 201 });
    expect(await api().importFile(text)).toEqual(PROFILE);
    expect(await requests[1]?.text()).toBe('{"format": "x"}');
    expect(loadToken()).toBe(token);
  });

  it("replaces the token by one that was copied elsewhere, but not by a wrong one", async () => {
    saveToken(TOKEN);
    const other = "n".repeat(43);
    expect(await api().enterToken(other).catch(problemOf)).toContain("does not know this token");
    expect(loadToken()).toBe(TOKEN);
    answers["GET profile"] = () => Response.json(PROFILE);
    expect(await api().enterToken(other)).toEqual(PROFILE);
    expect(authorization()).toEqual([`Bearer ${other}`, `Bearer ${other}`]);
    expect(loadToken()).toBe(other);
  });

  it("creates no profile whose token this browser cannot store", async () => {
    const storage = vi.spyOn(window, "localStorage", "get").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    for (const create of [() => api().create(), () => api().importFile("{}")]) {
      expect(await create().catch(problemOf)).toContain("does not allow this page to store");
    }
    storage.mockRestore();
    expect(requests).toEqual([]);
  });

  it("replaces the token", async () => {
    saveToken(TOKEN);
    const token = "n".repeat(43);
    answers["POST profile/token"] = () => Response.json({ token });
    await api().renewToken();
    expect(loadToken()).toBe(token);
  });

  it("does not tell a person to send a header", async () => {
    expect(await api().undo().catch(problemOf)).toContain("token is not valid any more");
  });

  it("says in the service's words what is wrong", async () => {
    const problem = (status: number, detail: string) => () =>
      Response.json({ detail }, { status, headers: PROBLEM });
    answers["GET profile"] = problem(503, "The database cannot be used.");
    expect(await api().profile().catch(problemOf)).toBe("The database cannot be used.");
    answers["GET profile"] = () => new Response("<html>", { status: 502 });
    expect(await api().profile().catch(problemOf)).toBe("Can't reach the server.");
    answers["GET profile"] = () => Response.json({ ...PROFILE, id: "../x" });
    await expect(api().profile()).rejects.toMatchObject({ failure: { kind: "invalid_response" } });
  });
});

it("lets predictions use the profile, until the service does not know it any more", async () => {
  const signal = new AbortController().signal;
  saveToken(TOKEN);
  const client = new ApiClient("http://page.example/");
  const predict = () => client.predict({ pixels: [] }, null, signal);
  answers["POST predictions"] = () => Response.json(PREDICTION);
  await predict();
  await client.models(signal).catch(() => 0);
  expect(authorization()).toEqual([`Bearer ${TOKEN}`, null]);
  // Deleted on another device.
  const known = answers["POST predictions"];
  answers["POST predictions"] = () =>
    requests.at(-1)?.headers.has("Authorization") ? new Response(null, { status: 401 }) : known();
  requests = [];
  expect((await predict()).digit).toBe(PREDICTION.digit);
  expect(await requests[1]?.json()).toEqual({ pixels: [] });
  await predict();
  expect(authorization()).toEqual([`Bearer ${TOKEN}`, null, null]);
});
