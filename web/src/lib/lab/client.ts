/** Client of the lab's API, which needs a token that the server gives to its own page. */

import * as v from "valibot";
import type { PredictionBody } from "../api/client";
import { ApiError, failureFromResponse, failureMessage } from "../api/errors";
import { apiBaseUrl, ConfigError, loadConfig } from "../config";
import { limitedFetch, ResponseTooLargeError } from "../limitedFetch";
import { followEvents } from "./eventStream";
import { type LabBody, type Refusal, refusalOf } from "./options";
import {
  ConfusionSchema,
  DigitsSchema,
  EventSchema,
  type LabEvent,
  LabSchema,
  RunDetailSchema,
  RunsSchema,
} from "./schemas";

const TIMEOUT_MS = 20_000;
/** A run with the pictures of a layer of 4096 units takes 6 MB. */
const MAX_BYTES = 8 * 2 ** 20;

type Method = "GET" | "POST" | "PUT" | "DELETE";

interface Following {
  readonly signal: AbortSignal;
  /** Where to follow the events from. */
  readonly offset: number;
  readonly onEvent: (event: LabEvent) => void;
  readonly onConnected: (connected: boolean) => void;
  /** Whether there may be more events when the server has ended the stream. */
  readonly goesOn: () => boolean;
}

export class LabClient {
  #base: Promise<string> | undefined;
  #token: string | null = null;

  constructor(private readonly pageUrl: string) {}

  /** The token that is used; null without one. */
  get token(): string | null {
    return this.#token;
  }

  /** Use a token that a person has typed. */
  setToken(token: string | null): void {
    this.#token = token;
  }

  /** What the lab offers; it also gives the token to this page, if the server does so.
   *
   * All calls throw ApiError, or the signal's reason if it is aborted.
   */
  async lab(signal?: AbortSignal) {
    const lab = await this.#json(LabSchema, "GET", "", undefined, signal);
    if (lab.token !== null) this.#token = lab.token;
    return lab;
  }

  runs = (signal?: AbortSignal) => this.#json(RunsSchema, "GET", "/runs", undefined, signal);

  run = (name: string, signal?: AbortSignal) =>
    this.#json(RunDetailSchema, "GET", runPath(name), undefined, signal);

  start = (options: LabBody) => this.#json(RunDetailSchema, "POST", "/runs", options);

  /** Start a run with the options of another one, its seed included. */
  again = (name: string, replay: boolean) =>
    this.#json(RunDetailSchema, "POST", runPath(name, "again"), { replay });

  command = (name: string, command: string, value: number | null = null) =>
    this.#send("POST", runPath(name, "commands"), { command, value });

  delete = (name: string) => this.#send("DELETE", runPath(name));

  /** Let the run predict a drawing while it learns; null to let it predict none. */
  watch = (name: string, drawing: PredictionBody | null) =>
    drawing
      ? this.#send("PUT", runPath(name, "drawing"), drawing)
      : this.#send("DELETE", runPath(name, "drawing"));

  confusion = (name: string, signal?: AbortSignal) =>
    this.#json(ConfusionSchema, "GET", runPath(name, "confusion"), undefined, signal);

  mistakes = (name: string, signal?: AbortSignal) =>
    this.#json(DigitsSchema, "GET", runPath(name, "mistakes"), undefined, signal);

  digits = (name: string, actual: string, predicted: string, signal?: AbortSignal) => {
    const query = new URLSearchParams({ actual, predicted });
    return this.#json(
      DigitsSchema,
      "GET",
      `${runPath(name, "digits")}?${query}`,
      undefined,
      signal,
    );
  };

  serve = (name: string) => this.#json(RunDetailSchema, "POST", runPath(name, "serve"));

  /** The settings, changes and results of a run, as a file. */
  record = async (name: string): Promise<Blob> =>
    (await this.#send("GET", runPath(name, "record"))).blob();

  /** Follow the events of a run until it is over or the signal is aborted.
   *
   * @throws ApiError if the run is gone or may not be followed
   */
  async follow(name: string, following: Following): Promise<void> {
    const { signal, offset, onEvent, onConnected, goesOn } = following;
    await followEvents({
      signal,
      after: String(offset),
      open: async (after, signal) => {
        const headers = new Headers({ Accept: "text/event-stream", "Last-Event-ID": after ?? "0" });
        const send = () => this.#fetch("GET", runPath(name, "events"), { headers, signal });
        const response = await this.#authorized(send);
        if (!response.body) throw new TypeError("the response has no body");
        return response.body;
      },
      // A server that restarts is not reachable, busy, or has another token for a moment.
      isFinal: (error) => error instanceof ApiError && !error.retryable,
      onEvent: ({ data }) => {
        const event = parseEvent(data);
        if (event) onEvent(event);
      },
      onConnected,
      goesOn,
    });
  }

  async #json<Value>(
    schema: v.GenericSchema<unknown, Value>,
    method: Method,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Value> {
    const response = await this.#send(method, path, body, signal);
    try {
      return v.parse(schema, await response.json(), { abortEarly: true });
    } catch {
      throw new ApiError({ kind: "invalid_response" });
    }
  }

  #send(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    return this.#authorized(async () => {
      const timeout = AbortSignal.timeout(TIMEOUT_MS);
      try {
        return await this.#fetch(
          method,
          path,
          {
            signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
            headers: new Headers(
              body === undefined ? undefined : { "Content-Type": "application/json" },
            ),
            ...(body !== undefined && { body: JSON.stringify(body) }),
          },
          MAX_BYTES,
        );
      } catch (error) {
        if (signal?.aborted || error instanceof ApiError) throw error;
        throw new ApiError({ kind: timeout.aborted ? "timeout" : failureKind(error) });
      }
    });
  }

  /** Send a request; if the server has restarted with another token, once more with that. */
  async #authorized(send: () => Promise<Response>): Promise<Response> {
    const used = this.#token;
    try {
      return await send();
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      if (this.#token === used) await this.lab();
      if (this.#token === used) throw error;
      return send();
    }
  }

  async #fetch(
    method: Method,
    path: string,
    init: RequestInit & { readonly headers: Headers },
    max_bytes?: number,
  ): Promise<Response> {
    if (this.#token !== null) init.headers.set("Authorization", `Bearer ${this.#token}`);
    const url = `${await this.#baseUrl()}/api/v1/lab${path}`;
    const request = new Request(url, { method, cache: "no-store", ...init });
    const response = max_bytes ? await limitedFetch(request, max_bytes) : await fetch(request);
    if (response.ok) return response;
    const body: unknown = await response.json().catch(() => undefined);
    throw new ApiError(failureFromResponse(response.status, response.headers, body, Date.now()));
  }

  #baseUrl(): Promise<string> {
    this.#base ??= loadConfig(this.pageUrl)
      .then((config) => apiBaseUrl(config, this.pageUrl))
      .catch((error: unknown) => {
        this.#base = undefined;
        throw error;
      });
    return this.#base;
  }
}

function runPath(name: string, part?: string): string {
  return `/runs/${encodeURIComponent(name)}${part ? `/${part}` : ""}`;
}

/** An event; undefined if it is of a type that this page does not know. */
export function parseEvent(data: string): LabEvent | undefined {
  try {
    const result = v.safeParse(EventSchema, JSON.parse(data), { abortEarly: true });
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

export function isUnauthorized(error: unknown): boolean {
  return statusOf(error) === 401;
}

/** The status of a response that says that a request is wrong; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof ApiError && error.failure.kind === "http_error"
    ? error.failure.status
    : undefined;
}

function failureKind(error: unknown): "invalid_response" | "misconfigured" | "unreachable" {
  if (error instanceof ConfigError) return "misconfigured";
  return error instanceof ResponseTooLargeError ? "invalid_response" : "unreachable";
}

/** Why a run was not started. */
export function refusal(error: unknown): Refusal {
  const field =
    error instanceof ApiError && error.failure.kind === "http_error"
      ? error.failure.field
      : undefined;
  return refusalOf(problemOf(error), field);
}

/** What went wrong, in a sentence for people. */
export function problemOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "This page could not do that.";
  const { failure } = error;
  if (failure.kind !== "http_error") return failureMessage(failure).reason;
  return failure.detail || `The server did not do that (status ${failure.status}).`;
}
