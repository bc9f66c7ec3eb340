/** Client of the API; its types are generated from the API's OpenAPI document. */

import createClient, { type Client } from "openapi-fetch";
import * as v from "valibot";
import { apiBaseUrl, ConfigError, loadConfig } from "../config";
import { limitedFetch, ResponseTooLargeError } from "../limitedFetch";
import { authorized, setUsed } from "../profiles/token";
import { ApiError, failureFromResponse } from "./errors";
import {
  MAX_EXPLANATION_BYTES,
  MAX_RESPONSE_BYTES,
  ModelsSchema,
  NumberSchema,
  PredictionSchema,
} from "./responses";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type PredictionBody =
  | Schemas["ImageDrawing"]
  | Schemas["StrokesDrawing"]
  | Schemas["PixelsDrawing"];
export type Prediction = Schemas["Prediction"];
export type NumberBody = Schemas["ImageNumber"];
export type NumberConstraints = Omit<NumberBody, "image">;
export type NumberAnswer = Schemas["Number"];
export type Explanation = Schemas["Explanation"];
export type ExplainedLayer = Schemas["ExplainedLayer"];
export type ExplainedUnit = Schemas["ExplainedUnit"];
export type ExplainedPrediction = Schemas["ExplainedPrediction"];
export type Change = Schemas["Change"];
/** What to explain about a drawing. */
export type ExplanationOptions = Pick<Schemas["ImageExplanation"], "parts"> &
  Partial<Pick<Schemas["ImageExplanation"], "target" | "unit" | "preprocess">>;
export type Part = ExplanationOptions["parts"][number];
export type Models = Schemas["Models"];
export type Model = Models["models"][number];
export type Layer = Model["layers"][number];

const TIMEOUT_MS = 15_000;

interface FetchResult {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** The calls that the page makes. */
export type PredictionApi = Pick<ApiClient, "predict" | "recognizeNumber" | "models" | "explain">;

export class ApiClient {
  #client: Promise<Client<paths>> | undefined;
  /** When a busy API may be called again. */
  #notBefore_ms = 0;

  constructor(
    private readonly pageUrl: string,
    private readonly timeout_ms = TIMEOUT_MS,
  ) {}

  /** Predict the digit of one drawing.
   *
   * This and the following calls use the model of this browser's profile, if it has one.
   *
   * @throws ApiError, or the signal's reason if it is aborted
   */
  async predict(
    body: PredictionBody,
    model: string | null,
    signal: AbortSignal,
  ): Promise<Prediction> {
    return this.#call(signal, PredictionSchema, (client, signal) =>
      client.POST("/api/v1/predictions", {
        params: { query: model === null ? { seen: true } : { seen: true, model } },
        body,
        signal,
      }),
    );
  }

  /** Recognize the number in one image.
   *
   * @throws ApiError, or the signal's reason if it is aborted
   */
  async recognizeNumber(
    body: NumberBody,
    model: string | null,
    signal: AbortSignal,
  ): Promise<NumberAnswer> {
    return this.#call(signal, NumberSchema, (client, signal) =>
      client.POST("/api/v1/numbers", {
        params: { query: model === null ? {} : { model } },
        body,
        signal,
      }),
    );
  }

  /** Explain the prediction of one drawing.
   *
   * @throws ApiError, or the signal's reason if it is aborted
   */
  async explain(
    body: PredictionBody,
    options: ExplanationOptions,
    model: string | null,
    signal: AbortSignal,
  ): Promise<Explanation> {
    const schema = async () => (await import("./explanationResponse")).ExplanationSchema;
    return this.#call(signal, schema, (client, signal) =>
      client.POST("/api/v1/explanations", {
        params: { query: model === null ? {} : { model } },
        body: { preprocess: true, ...body, ...options },
        signal,
      }),
    );
  }

  /** List the models.
   *
   * @throws ApiError, or the signal's reason if it is aborted
   */
  async models(signal: AbortSignal): Promise<Models> {
    return this.#call(signal, ModelsSchema, (client, signal) =>
      client.GET("/api/v1/models", { signal }),
    );
  }

  async #call<Value>(
    signal: AbortSignal,
    schema: v.GenericSchema<unknown, Value> | (() => Promise<v.GenericSchema<unknown, Value>>),
    send: (client: Client<paths>, signal: AbortSignal) => Promise<FetchResult>,
  ): Promise<Value> {
    await sleep(this.#notBefore_ms - Date.now(), signal);
    const timeout = AbortSignal.timeout(this.timeout_ms);
    try {
      const client = await this.#connect();
      const result = await send(client, AbortSignal.any([signal, timeout]));
      const { data, error, response } = result;
      if (response.ok) {
        const loaded = typeof schema === "function" ? await schema() : schema;
        return v.parse(loaded, data, { abortEarly: true });
      }
      const failure = failureFromResponse(response.status, response.headers, error, Date.now());
      if (failure.kind === "busy") this.#notBefore_ms = Date.now() + failure.retry_after_ms;
      throw new ApiError(failure);
    } catch (error) {
      if (signal.aborted || error instanceof ApiError) throw error;
      throw new ApiError({ kind: timeout.aborted ? "timeout" : failureKind(error) });
    }
  }

  #connect(): Promise<Client<paths>> {
    this.#client ??= loadConfig(this.pageUrl)
      .then((config) =>
        createClient<paths>({
          baseUrl: apiBaseUrl(config, this.pageUrl),
          fetch: fetchPersonally,
        }),
      )
      .catch((error: unknown) => {
        // Reload config.json with the next call: it may have been corrected by then.
        this.#client = undefined;
        throw error;
      });
    return this.#client;
  }
}

/** Send a request with this browser's profile. If it was deleted elsewhere, go on without it. */
async function fetchPersonally(request: Request): Promise<Response> {
  const personal = authorized(request);
  if (personal) {
    const response = await limitedFetch(personal, maxBytes(request.url));
    if (response.status !== 401) return response;
    setUsed(false);
  }
  return limitedFetch(request, maxBytes(request.url));
}

function maxBytes(url: string): number {
  return url.includes("/explanations") ? MAX_EXPLANATION_BYTES : MAX_RESPONSE_BYTES;
}

/** Wait, if `time_ms` is positive.
 *
 * @throws the signal's reason if it is aborted
 */
async function sleep(time_ms: number, signal: AbortSignal): Promise<void> {
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

/** Classify the error of a call that yielded no valid response. */
function failureKind(error: unknown): "invalid_response" | "misconfigured" | "unreachable" {
  if (error instanceof ConfigError) return "misconfigured";
  // Not JSON (a proxy's page, for example), not as documented, or too large.
  const isInvalid = [SyntaxError, v.ValiError, ResponseTooLargeError].some(
    (type) => error instanceof type,
  );
  return isInvalid ? "invalid_response" : "unreachable";
}
