/** Calls the API; the types of what goes over the wire are generated from its OpenAPI document. */

import createClient, { type Client } from "openapi-fetch";
import { baseOf, readSettings } from "../settings";
import { ApiError, troubleOf } from "./errors";
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

interface Answer {
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
    const answer = await this.#call(signal, (client, signal) =>
      client.POST("/api/v1/predictions", {
        params: { query: model === null ? { seen: true } : { seen: true, model } },
        body: drawing,
        signal,
      }),
    );
    if (!isPrediction(answer)) throw new ApiError({ kind: "strange" });
    return answer;
  }

  /** Tell which models are in service.
   *
   * @throws ApiError, or an AbortError if `signal` is aborted
   */
  async models(signal: AbortSignal): Promise<Models> {
    const answer = await this.#call(signal, (client, signal) =>
      client.GET("/api/v1/models", { signal }),
    );
    if (!areModels(answer)) throw new ApiError({ kind: "strange" });
    return answer;
  }

  async #call(
    outer: AbortSignal,
    send: (client: Client<paths>, signal: AbortSignal) => Promise<Answer>,
  ): Promise<unknown> {
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
      if (response.ok) return data;
      const trouble = troubleOf(response.status, response.headers, error, Date.now());
      if (trouble.kind === "busy") this.#notBefore_ms = Date.now() + trouble.wait_ms;
      throw new ApiError(trouble);
    } catch (error) {
      if (outer.aborted || error instanceof ApiError) throw error;
      if (late) throw new ApiError({ kind: "slow" });
      // JSON that is none: a page of another server.
      throw new ApiError({ kind: error instanceof SyntaxError ? "strange" : "away" });
    } finally {
      clearTimeout(timer);
      outer.removeEventListener("abort", abort);
    }
  }

  #connect(): Promise<Client<paths>> {
    this.#client ??= readSettings(this.page).then(
      (settings) => createClient<paths>({ baseUrl: baseOf(settings, this.page) }),
      (error: unknown) => {
        this.#client = undefined;
        throw error;
      },
    );
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

function isPrediction(value: unknown): value is Prediction {
  const prediction = value as Partial<Prediction> | null | undefined;
  return (
    Array.isArray(prediction?.probabilities) &&
    prediction.probabilities.length === 10 &&
    typeof prediction.confidence === "number" &&
    (prediction.digit === null || typeof prediction.digit === "number")
  );
}

function areModels(value: unknown): value is Models {
  const models = value as Partial<Models> | null | undefined;
  return typeof models?.default === "string" && Array.isArray(models.models);
}
