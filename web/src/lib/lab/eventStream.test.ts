import { describe, expect, it } from "vitest";
import { backoff, followEvents, type Place, readEvents } from "./eventStream";

const encoder = new TextEncoder();

/** A stream that sends these chunks, and then ends or fails. */
function stream(chunks: readonly string[], failure?: Error): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk !== undefined) controller.enqueue(encoder.encode(chunk));
      else if (failure) controller.error(failure);
      else controller.close();
    },
  });
}

const LOST = new TypeError("network error");
const FINAL = new Error("there is no such run");

function follow(streams: readonly (ReadableStream<Uint8Array> | Error)[], after: Place = null) {
  const places: Place[] = [];
  const connected: boolean[] = [];
  const data: string[] = [];
  const left = [...streams];
  const ended = followEvents({
    signal: new AbortController().signal,
    after,
    open: async (place) => {
      places.push(place);
      const next = left.shift() ?? FINAL;
      if (next instanceof Error) throw next;
      return next;
    },
    isFinal: (error) => error === FINAL,
    onEvent: (message) => data.push(message.data),
    onConnected: (is) => connected.push(is),
    goesOn: () => left.length > 0,
    backoff_ms: () => 0,
  });
  return { ended, places, connected, data };
}

describe("followEvents", () => {
  it("resumes after the last event when the connection is lost, without one lost or doubled", async () => {
    const { ended, places, connected, data } = follow(
      [
        stream(["id: 7\ndata: a\n\nid: 9\nda", "ta: b\n\ndata: cut of"], LOST),
        stream(["id: 12\ndata: c\n\n"]),
      ],
      "3",
    );
    await ended;
    expect(places).toEqual(["3", "9"]);
    expect(data).toEqual(["a", "b", "c"]);
    expect(connected).toEqual([true, false, true]);
  });
  it("tries again while the server cannot be reached", async () => {
    const { ended, places, connected } = follow([LOST, LOST, stream(["data: a\n\n"])]);
    await ended;
    expect(places).toHaveLength(3);
    expect(connected).toEqual([false, false, true]);
  });
  it("connects again if the server ends the stream of a run that goes on", async () => {
    const { ended, places, data } = follow([
      stream(["id: 1\ndata: a\n\n"]),
      stream(["id: 2\ndata: b\n\n"]),
    ]);
    await ended;
    expect(places).toEqual([null, "1"]);
    expect(data).toEqual(["a", "b"]);
  });
  it("stops at an error that waiting does not mend", async () => {
    await expect(follow([FINAL, stream([])]).ended).rejects.toBe(FINAL);
  });
  it("stops when it is told to, also while it waits", async () => {
    const abort = new AbortController();
    const ended = followEvents({
      signal: abort.signal,
      after: null,
      open: async () => Promise.reject(LOST),
      isFinal: () => false,
      onEvent: () => undefined,
      onConnected: () => abort.abort(),
      goesOn: () => true,
      backoff_ms: () => 60_000,
    });
    await ended;
  });
  it("waits longer after each failure, but at most ten seconds", () => {
    expect([0, 1, 2, 99].map(backoff)).toEqual([250, 500, 1000, 10_000]);
  });
});

describe("readEvents", () => {
  const { signal } = new AbortController();
  it("reads letters that are cut in two, and ignores comments", async () => {
    const bytes = encoder.encode(": still there\n\ndata: Größe\n\n");
    const cut = bytes.indexOf(0xc3) + 1;
    const data: string[] = [];
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(0, cut));
        controller.enqueue(bytes.slice(cut));
        controller.close();
      },
    });
    await readEvents(body, signal, (message) => data.push(message.data));
    expect(data).toEqual(["Größe"]);
  });
  it("gives up on a stream that is silent, and on an event that is too large", async () => {
    const silent = new ReadableStream<Uint8Array>();
    await expect(readEvents(silent, signal, () => undefined, 5)).rejects.toThrow("silent");
    const endless = stream(Array.from({ length: 5 }, () => `data: ${"x".repeat(2 ** 20)}`));
    await expect(readEvents(endless, signal, () => undefined)).rejects.toThrow("too large");
  });
});
