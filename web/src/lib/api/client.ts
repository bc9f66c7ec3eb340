/** Calls the API; the types of what goes over the wire are generated from its OpenAPI document. */

import createClient, { type Client } from "openapi-fetch";
import * as v from "valibot";
import { apiBaseUrl, ConfigError, loadConfig } from "../config";
import { limitedFetch, ResponseTooLargeError } from "../limitedFetch";
import { ApiError, failureFromResponse } from "./errors";
import { MAX_RESPONSE_BYTES, MODELS, PREDICTION } from "./responses";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Drawing =
  | Schemas["ImageDrawing"]
  | Schemas["StrokesDrawing"]
  | Schemas["PixelsDrawing"];
export type Prediction = Schemas["Prediction"];
export type Model = Schemas["Model"];
export type Models = Schemas["Models"];

export const TIMEOUT_MS = 15_000;

interface PredictionResult {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** What the page needs of the API. */
export type Service = Pick<Api, "predict" | "models">;

export class Api {
  #client: Promise<Client<paths>> | undefined;
  /** The API asked not to be called before. */
  #notBefore_ms = 0;

  constructor(private readonly page: string) {}

  /** Read one drawing.
   *
   * @throws ApiError, or an AbortError if `signal` is aborted
   */
  async predict(drawing: Drawing, model: string | null, signal: AbortSignal): Promise<Prediction> {
    return this.#call(signal, PREDICTION, (client, signal) =>
      client.POST("/api/v1/predictions", {
        params: { query: model === null ? { seen: true } : { seen: true, model } },
        body: drawing,
        signal,
      }),
    );
  }

  /** Tell which models are in service.
   *
   * @throws ApiError, or an AbortError if `signal` is aborted
   */
  async models(signal: AbortSignal): Promise<Models> {
    return this.#call(signal, MODELS, (client, signal) => client.GET("/api/v1/models", { signal }));
  }

  /** @param expected  the schema of a successful answer */
  async #call<Value>(
    outer: AbortSignal,
    expected: v.GenericSchema<unknown, Value>,
    send: (client: Client<paths>, signal: AbortSignal) => Promise<PredictionResult>,
  ): Promise<Value> {
    await pause(this.#notBefore_ms - Date.now(), outer);
    const inner = new AbortController();
    const abort = () => inner.abort(outer.reason);
    outer.addEventListener("abort", abort);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      inner.abort();
    }, TIMEOUT_MS);
    try {
      const { data, error, response } = await send(await this.#connect(), inner.signal);
      if (response.ok) return v.parse(expected, data, { abortEarly: true });
      const failure = failureFromResponse(response.status, response.headers, error, Date.now());
      if (failure.kind === "busy") this.#notBefore_ms = Date.now() + failure.wait_ms;
      throw new ApiError(failure);
    } catch (error) {
      if (outer.aborted || error instanceof ApiError) throw error;
      if (late) throw new ApiError({ kind: "slow" });
      throw new ApiError({ kind: failureKind(error) });
    } finally {
      clearTimeout(timer);
      outer.removeEventListener("abort", abort);
    }
  }

  #connect(): Promise<Client<paths>> {
    this.#client ??= loadConfig(this.page)
      .then((settings) =>
        createClient<paths>({
          baseUrl: apiBaseUrl(settings, this.page),
          fetch: (request) => limitedFetch(request, MAX_RESPONSE_BYTES),
        }),
      )
      .catch((error: unknown) => {
        // Read again with the next call: it may be there, or corrected, by then.
        this.#client = undefined;
        throw error;
      });
    return this.#client;
  }
}

/** Wait; at once if there is nothing to wait for.
 *
 * @throws the signal's reason if it is aborted meanwhile
 */
export async function pause(time_ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (time_ms <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, time_ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

/** What a call without a usable answer means. */
function failureKind(error: unknown): "strange" | "misconfigured" | "away" {
  if (error instanceof ConfigError) return "misconfigured";
  // Not JSON, such as a page of a proxy; not what the API documents; or without end.
  const strange = [SyntaxError, v.ValiError, ResponseTooLargeError].some(
    (kind) => error instanceof kind,
  );
  return strange ? "strange" : "away";
}
