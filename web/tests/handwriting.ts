/** A service that keeps one profile, for tests of the view My handwriting. */

import { vi } from "vitest";
import type { NewSample, Profile, ProfileSample, ProfileVersion } from "../src/lib/profiles/api";
import { PREDICTION, SEEN } from "./fixtures";
import { CHANGE, PROFILE } from "./profiles";

type Answer = Response | undefined;

/** What the service has, and what it is to answer instead of that. */
export class FakeProfiles {
  samples: ProfileSample[] = [];
  versions: ProfileVersion[] = [];
  token: string | null = null;
  /** By method and path; undefined for the answer of the service. */
  instead: (call: string, request: Request) => Answer | Promise<Answer> = () => undefined;
  readonly calls: string[] = [];
  #ids = 0;

  constructor() {
    vi.stubGlobal("fetch", (request: Request) => this.#answer(request));
  }

  /** Add samples, as another device would. */
  add(samples: readonly NewSample[]): ProfileSample[] {
    const added = samples.map((sample): ProfileSample => {
      this.#ids += 1;
      return {
        id: this.#ids.toString(16).padStart(32, "0"),
        label: sample.label,
        source: "drawn",
        time: PROFILE.created,
        seen: SEEN,
        strokes: "strokes" in sample ? sample.strokes : null,
      };
    });
    this.samples.push(...added);
    this.#note("add", added.length, 0);
    return added;
  }

  remove(id: string): void {
    this.samples = this.samples.filter((sample) => sample.id !== id);
    this.#note("remove", 0, 1);
  }

  get profile(): Profile {
    const by_digit = Array.from(
      { length: 10 },
      (_, digit) => this.samples.filter(({ label }) => label === digit).length,
    );
    const { samples, versions } = this;
    return {
      ...PROFILE,
      version: versions.length,
      samples: samples.length,
      by_digit,
      versions: [...versions],
    };
  }

  #note(action: ProfileVersion["action"], added: number, removed: number) {
    const number = this.versions.length + 1;
    const { length: samples } = this.samples;
    this.versions.push({ number, time: PROFILE.created, action, added, removed, samples });
  }

  #new(): Response {
    this.token = "n".repeat(43);
    return Response.json({ ...this.profile, token: this.token }, { status: 201 });
  }

  async #answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    if (path === "/config.json") return Response.json({ api: "" });
    const call = `${request.method} ${path.replace("/api/v1/", "")}`;
    this.calls.push(call);
    const answer = await this.instead(call, request);
    if (answer) return answer;
    if (call === "GET profiles/consent") return Response.json({ version: 1, text: "It keeps." });
    if (call === "POST profiles" || call === "POST profiles/import") return this.#new();
    if (request.headers.get("Authorization") !== `Bearer ${this.token}`) {
      return problem(401, "The token is wrong.");
    }
    const removed = /^DELETE profile\/samples\/(.*)$/.exec(call)?.[1];
    if (removed !== undefined) {
      if (!this.samples.some(({ id }) => id === removed)) return problem(404, "No such sample.");
      this.remove(removed);
      return Response.json(this.profile);
    }
    switch (call) {
      case "GET profile":
        return Response.json(this.profile);
      case "DELETE profile":
        Object.assign(this, { samples: [], versions: [], token: null });
        return new Response(null, { status: 204 });
      case "GET profile/samples":
        return Response.json({ samples: this.samples });
      case "POST profile/samples": {
        const added = this.add((await request.json()).samples);
        const samples = added.map(({ id, label }) => ({ ...CHANGE.samples[0], id, label }));
        return Response.json(
          { ...CHANGE, version: this.versions.length, samples, profile: this.profile },
          { status: 201 },
        );
      }
      case "POST profile/undo":
        this.samples = [];
        this.#note("undo", 0, 1);
        return Response.json(this.profile);
      case "POST profile/token":
        this.token = "r".repeat(43);
        return Response.json({ token: this.token });
      case "GET profile/export":
        return new Response('{"format": "inkdigits-profile"}');
      case "GET profile/accuracy": {
        const by_digit = this.profile.by_digit.map((samples) => ({
          samples,
          right_before: 0,
          right_after: samples,
        }));
        const { length } = this.samples;
        return Response.json({
          samples: length,
          right_before: 0,
          right_after: length,
          by_digit,
          personal_model: CHANGE.personal_model,
        });
      }
      default:
        return problem(404, `Nothing answers ${call}.`);
    }
  }
}

export function problem(status: number, detail: string): Response {
  return Response.json(
    { detail },
    { status, headers: { "Content-Type": "application/problem+json" } },
  );
}

/** What the network sees of any drawing. */
export const SEEN_PREDICTION = { ...PREDICTION, seen: SEEN };
