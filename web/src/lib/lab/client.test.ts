import { beforeEach, describe, expect, it, vi } from "vitest";
import { detail, LAB, summary } from "../../../tests/lab";
import { ApiError } from "../api/errors";
import { LabClient, problemOf } from "./client";
import type { LabEvent } from "./schemas";

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": status < 400 ? "application/json" : "application/problem+json" },
  });
const events = (text: string) =>
  new Response(text, { headers: { "Content-Type": "text/event-stream" } });

/** What the server answers to a method and path below the lab; and the requests that it got. */
let answers: Record<string, (request: Request) => Response>;
let requests: Request[];
let token: string;

beforeEach(() => {
  requests = [];
  token = "first";
  answers = { "GET ": () => json({ ...LAB, token }) };
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname;
    if (path === "/config.json") return json({ api: "" });
    requests.push(request);
    const key = `${request.method} ${path.replace("/api/v1/lab", "")}`;
    const allowed = key === "GET " || request.headers.get("Authorization") === `Bearer ${token}`;
    if (!allowed) return json({ detail: "The token is wrong." }, 401);
    return answers[key]?.(request) ?? json({ detail: "There is no such run." }, 404);
  });
});

describe("LabClient", () => {
  it("sends the token that the server gives to its page, in a header", async () => {
    const client = new LabClient("http://localhost/");
    answers["GET /runs"] = () => json({ runs: [summary("a")] });
    await client.lab();
    const { runs } = await client.runs();
    expect(runs[0]?.name).toBe("a");
    expect(requests[1]?.headers.get("Authorization")).toBe("Bearer first");
    expect(requests[1]?.credentials).not.toBe("include");
  });
  it("gets the new token of a server that has restarted, and repeats the request", async () => {
    const client = new LabClient("http://localhost/");
    await client.lab();
    token = "second";
    answers["POST /runs/a%2Fb/commands"] = () => new Response(null, { status: 202 });
    await client.command("a/b", "pause");
    expect(requests.map(({ method }) => method)).toEqual(["GET", "POST", "GET", "POST"]);
    expect(await requests.at(-1)?.json()).toEqual({ command: "pause", value: null });
  });
  it("does not repeat a request with a token that was typed wrong", async () => {
    const client = new LabClient("http://localhost/");
    answers["GET "] = () => json({ ...LAB, token: null });
    client.setToken("typo");
    await expect(client.runs()).rejects.toThrow(ApiError);
    expect(requests).toHaveLength(2);
  });
  it("validates what it gets", async () => {
    const client = new LabClient("http://localhost/");
    await client.lab();
    answers["GET /runs/a"] = () => json({ ...detail("a"), state: "dancing" });
    await expect(client.run("a")).rejects.toMatchObject({ failure: { kind: "invalid_response" } });
    answers["GET /runs/a"] = () => json(detail("a"));
    expect((await client.run("a")).picture?.weights?.values).toHaveLength(128 * 784);
  });
  it("explains failures in the API's words", async () => {
    const client = new LabClient("http://localhost/");
    await client.lab();
    expect(await client.run("gone").catch(problemOf)).toBe("There is no such run.");
  });
  it("follows the events of a run from a place, and again after a lost connection", async () => {
    const client = new LabClient("http://localhost/");
    await client.lab();
    const state = (name: string) =>
      `data: ${JSON.stringify({ type: "state", step: 1, time: 1, state: name })}\n\n`;
    const streams = [
      `id: 20\n${state("training")}data: {"type":"unknown"}\n\n`,
      `id: 30\n${state("finished")}`,
    ];
    answers["GET /runs/a/events"] = () => events(streams.shift() ?? "");
    const got: LabEvent[] = [];
    await client.follow("a", {
      signal: new AbortController().signal,
      offset: 10,
      onEvent: (event) => got.push(event),
      onConnected: () => undefined,
      goesOn: () => streams.length > 0,
    });
    expect(got.map((event) => event.type === "state" && event.state)).toEqual([
      "training",
      "finished",
    ]);
    const places = requests.slice(1).map(({ headers }) => headers.get("Last-Event-ID"));
    expect(places).toEqual(["10", "20"]);
  });
});
