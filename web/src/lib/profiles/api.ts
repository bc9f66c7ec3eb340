/** Client of the API's profiles: what this browser's person has taught the service.
 *
 * The token is kept in this browser: see `token.ts`. Every call throws ApiError, or the signal's
 * reason if it is aborted.
 */

import * as v from "valibot";
import type { PredictionBody } from "../api/client";
import { ApiError, type ApiFailure, failureFromResponse, failureMessage } from "../api/errors";
import { ProblemSchema } from "../api/responses";
import type { components } from "../api/schema";
import { apiBaseUrl, ConfigError, loadConfig } from "../config";
import { limitedFetch, ResponseTooLargeError } from "../limitedFetch";
import {
  AccuracySchema,
  ChangeSchema,
  ConsentSchema,
  CreatedProfileSchema,
  ProfileSchema,
  ProfileTokenSchema,
  SamplesSchema,
} from "./schemas";
import { canStoreToken, forgetToken, loadToken, saveToken } from "./token";

type Schemas = components["schemas"];
export type Consent = Schemas["Consent"];
export type Profile = Schemas["Profile"];
export type ProfileVersion = Schemas["ProfileVersion"];
export type ProfileSample = Schemas["ProfileSample"];
export type ProfileChange = Schemas["ProfileChange"];
export type ChangedSample = Schemas["ChangedSample"];
export type ProfileAccuracy = Schemas["ProfileAccuracy"];
/** A drawing and the digit that it is. */
export type NewSample = PredictionBody & { label: number; source?: "drawn" | "image" };
/** A drawing that was recognized wrongly, and what it is. */
export type Correction = PredictionBody & { text: string; kind: "digit" | "number" };

const TIMEOUT_MS = 30_000;
/** Of a response, and of the file that is exported. */
const MAX_BYTES = 2 ** 26;

type Method = "GET" | "POST" | "DELETE";

interface Sent {
  readonly body?: unknown;
  /** Text in JSON that is sent as it is. */
  readonly text?: string;
  readonly model?: string | null;
  readonly signal?: AbortSignal | undefined;
  /** Instead of the token that is kept in this browser. */
  readonly token?: string;
}

/** What the page itself cannot do; its message is a sentence for people. */
export class PageProblem extends Error {
  override name = "PageProblem";
}

export class ProfileApi {
  #base: Promise<string> | undefined;

  constructor(
    private readonly pageUrl: string,
    private readonly timeout_ms = TIMEOUT_MS,
  ) {}

  /** What a person agrees to before the first sample is kept. */
  consent = (signal?: AbortSignal): Promise<Consent> =>
    this.#json(ConsentSchema, "GET", "profiles/consent", { signal });

  /** Create a profile for a person who has agreed, and keep its token in this browser. */
  create = (name?: string): Promise<Profile> =>
    this.#created("profiles", {
      body: { consent: true, ...(name !== undefined && { name }) },
    });

  /** Create a profile of an exported file, and keep its token in this browser. */
  importFile = (text: string): Promise<Profile> => this.#created("profiles/import", { text });

  /** Use the profile of a token that was copied elsewhere; a wrong one replaces nothing. */
  enterToken = async (token: string): Promise<Profile> => {
    try {
      const profile = await this.#json(ProfileSchema, "GET", "profile", { token });
      saveToken(token);
      return profile;
    } catch (error) {
      if (!isUnknownProfile(error)) throw error;
      throw new PageProblem(
        "The server does not know this token. Copy it again on the other device.",
      );
    }
  };

  profile = (signal?: AbortSignal): Promise<Profile> =>
    this.#json(ProfileSchema, "GET", "profile", { signal });

  /** Delete the profile, so that nothing is left of it, and forget its token. */
  delete = async (): Promise<void> => {
    await this.#send("DELETE", "profile");
    forgetToken();
  };

  /** Replace the token, so that other devices no longer have the profile. */
  renewToken = async (): Promise<void> => {
    const { token } = await this.#json(ProfileTokenSchema, "POST", "profile/token");
    saveToken(token);
  };

  samples = async (signal?: AbortSignal): Promise<ProfileSample[]> =>
    (await this.#json(SamplesSchema, "GET", "profile/samples", { signal })).samples;

  /** Add samples, up to 100; their effect is shown by a model of the service. */
  add = (samples: readonly NewSample[], model: string | null = null): Promise<ProfileChange> =>
    this.#json(ChangeSchema, "POST", "profile/samples", { body: { samples }, model });

  correct = (correction: Correction, model: string | null = null): Promise<ProfileChange> =>
    this.#json(ChangeSchema, "POST", "profile/corrections", { body: correction, model });

  removeSample = (id: string): Promise<Profile> =>
    this.#json(ProfileSchema, "DELETE", `profile/samples/${encodeURIComponent(id)}`);

  /** Remove the samples that were added last. */
  undo = (): Promise<Profile> => this.#json(ProfileSchema, "POST", "profile/undo");

  /** How many of the samples are recognized, each by a model fitted to all others. */
  accuracy = (model: string | null = null, signal?: AbortSignal): Promise<ProfileAccuracy> =>
    this.#json(AccuracySchema, "GET", "profile/accuracy", { model, signal });

  /** The profile as a file. */
  exportFile = async (): Promise<Blob> => (await this.#send("GET", "profile/export")).blob();

  async #created(path: string, sent: Sent): Promise<Profile> {
    // Without its token, nobody could use or delete the profile.
    if (!canStoreToken()) {
      throw new PageProblem(
        "This browser does not allow this page to store anything. Allow it, then reload the page.",
      );
    }
    const { token, ...profile } = await this.#json(CreatedProfileSchema, "POST", path, sent);
    saveToken(token);
    return profile;
  }

  async #json<Value>(
    schema: v.GenericSchema<unknown, Value>,
    method: Method,
    path: string,
    sent: Sent = {},
  ): Promise<Value> {
    const response = await this.#send(method, path, sent);
    try {
      return v.parse(schema, await response.json(), { abortEarly: true });
    } catch {
      throw new ApiError({ kind: "invalid_response" });
    }
  }

  async #send(method: Method, path: string, sent: Sent = {}): Promise<Response> {
    const timeout = AbortSignal.timeout(this.timeout_ms);
    try {
      return await this.#fetch(method, path, sent, timeout);
    } catch (error) {
      if (sent.signal?.aborted || error instanceof ApiError) throw error;
      throw new ApiError({ kind: timeout.aborted ? "timeout" : failureKind(error) });
    }
  }

  async #fetch(
    method: Method,
    path: string,
    { body, text, model, signal, token = loadToken() }: Sent,
    timeout: AbortSignal,
  ): Promise<Response> {
    const query = model ? `?${new URLSearchParams({ model })}` : "";
    const request = new Request(`${await this.#baseUrl()}/api/v1/${path}${query}`, {
      method,
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(text !== undefined && { body: text }),
    });
    if (body !== undefined || text !== undefined) {
      request.headers.set("Content-Type", "application/json");
    }
    if (token && path.split("/")[0] === "profile") {
      request.headers.set("Authorization", `Bearer ${token}`);
    }
    const response = await limitedFetch(request, MAX_BYTES);
    if (response.ok) return response;
    throw new ApiError(await failureOf(response));
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

/** Why a request failed; also of a busy service and of a damaged database, in its own words. */
async function failureOf(response: Response): Promise<ApiFailure> {
  const body: unknown = await response.json().catch(() => undefined);
  const failure = failureFromResponse(response.status, response.headers, body, Date.now());
  const problem = v.safeParse(ProblemSchema, body);
  return failure.kind === "busy" && problem.success
    ? { kind: "http_error", status: response.status, detail: problem.output.detail }
    : failure;
}

function failureKind(error: unknown): "invalid_response" | "misconfigured" | "unreachable" {
  if (error instanceof ConfigError) return "misconfigured";
  return error instanceof ResponseTooLargeError ? "invalid_response" : "unreachable";
}

/** Whether the service does not know the token: the profile was deleted, or got a new token. */
export function isUnknownProfile(error: unknown): boolean {
  return (
    error instanceof ApiError && error.failure.kind === "http_error" && error.failure.status === 401
  );
}

/** What went wrong, in a sentence for people. */
export function problemOf(error: unknown): string {
  if (error instanceof PageProblem) return error.message;
  if (!(error instanceof ApiError)) return "This page could not do that.";
  const { failure } = error;
  if (isUnknownProfile(error)) {
    return "This browser’s token is not valid any more. Open My handwriting to see what you can do.";
  }
  if (failure.kind !== "http_error") return failureMessage(failure).reason;
  return failure.detail || `The server did not do that (status ${failure.status}).`;
}
