/** Follows server-sent events with fetch, which unlike EventSource can send the lab's token. */

import { createParser, type EventSourceMessage } from "eventsource-parser";

/** Where a stream is read on: the id of the last event that was received. */
export type Place = string | null;

interface Options {
  readonly signal: AbortSignal;
  readonly after: Place;
  /** Opens the stream after a place.
   *
   * @throws any error; it is asked for again unless `isFinal` says that this is no use
   */
  readonly open: (after: Place, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  readonly isFinal: (error: unknown) => boolean;
  readonly onEvent: (message: EventSourceMessage) => void;
  /** Whether events arrive; false while the connection is lost. */
  readonly onConnected: (connected: boolean) => void;
  /** Whether to connect again after the server has ended the stream. */
  readonly goesOn: () => boolean;
  readonly backoff_ms?: (failures: number) => number;
}

/** A stream on which nothing arrives for so long is lost; the server sends a comment every 15 s. */
const SILENCE_MS = 45_000;
/** Limit on one event; the pictures of a first layer take up to 300 kB. */
const MAX_EVENT_CHARACTERS = 2 ** 22;

export function backoff(failures: number): number {
  return Math.min(10_000, 250 * 2 ** Math.min(failures, 10));
}

/** Follow the events until the signal is aborted or the server has no more, connecting again when
 * the connection is lost.
 *
 * @throws the error of `open` if it is final
 */
export async function followEvents(options: Options): Promise<void> {
  const { signal, open, isFinal, onEvent, onConnected, goesOn } = options;
  const wait_ms = options.backoff_ms ?? backoff;
  let place = options.after;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const body = await open(place, signal);
      onConnected(true);
      await readEvents(body, signal, (message) => {
        failures = 0;
        if (message.id !== undefined) place = message.id;
        onEvent(message);
      });
      if (!goesOn()) return;
    } catch (error) {
      if (signal.aborted) return;
      if (isFinal(error)) throw error;
      onConnected(false);
    }
    await sleep(wait_ms(failures), signal);
    failures += 1;
  }
}

/** Read a stream to its end.
 *
 * @throws Error if the connection is lost, silent, or sends an event that is too large
 */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onEvent: (message: EventSourceMessage) => void,
  silence_ms = SILENCE_MS,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let tooLarge = false;
  const parser = createParser({
    onEvent,
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onError: (error) => {
      tooLarge ||= error.type === "max-buffer-size-exceeded";
    },
  });
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await withTimeout(reader.read(), silence_ms);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      if (tooLarge) throw new Error("an event is too large");
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

async function withTimeout<Value>(promise: Promise<Value>, time_ms: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the stream is silent")), time_ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Wait; returns early if the signal is aborted. */
async function sleep(time_ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, time_ms);
    signal.addEventListener("abort", end);
  });
}
