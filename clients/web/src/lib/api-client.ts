// Calls to the project's HTTP API: the bearer token, one retry after a 401, parsing, and one kind of error.
import type { z } from "zod";
import { problemSchema } from "@/contracts/http";

/** A call that did not succeed. `status` 0: no answer at all. `code` is stable and safe to branch on. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterSeconds: number | null = null,
    readonly requestId: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** True when trying again later may succeed without anybody changing anything. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export type TokenSource = {
  /** A token believed valid; obtains one when there is none. */
  token: () => Promise<string>;
  /** A token newer than `rejected`, which a service refused. */
  renew: (rejected: string) => Promise<string>;
};

export type ApiClient = {
  get: <S extends z.ZodType>(path: string, schema: S, signal?: AbortSignal) => Promise<z.output<S>>;
};

const TIMEOUT_MS = 20_000;

/** An API client that signs its calls with tokens from `tokens`. Throws ApiError; abort errors pass through. */
export function createApiClient(tokens: TokenSource): ApiClient {
  return {
    async get(path, schema, signal) {
      const send = (token: string) =>
        request(path, { headers: { accept: "application/json", authorization: `Bearer ${token}` }, signal });
      const token = await tokens.token();
      let response = await send(token);
      if (response.status === 401) response = await send(await tokens.renew(token));
      return parseAnswer(response, schema);
    },
  };
}

/** `fetch` with a time limit and network failures as ApiError. */
export async function request(path: string, init: RequestInit): Promise<Response> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
  try {
    return await fetch(path, { cache: "no-store", credentials: "same-origin", ...init, signal });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "The server did not answer. Check the network and try again.");
  }
}

/** The body of a successful response, parsed; otherwise the problem it holds as ApiError. */
export async function parseAnswer<S extends z.ZodType>(response: Response, schema: S): Promise<z.output<S>> {
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw problemOf(response, body);
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    throw new ApiError(
      response.status,
      "unexpected_answer",
      "The server answered in a form this page does not know.",
    );
  }
  return parsed.data;
}

export function problemOf(response: Response, body: unknown): ApiError {
  const parsed = problemSchema.safeParse(body);
  const problem = parsed.success ? parsed.data : {};
  const retryAfter = Number(response.headers.get("retry-after"));
  return new ApiError(
    response.status,
    problem.code ?? (response.status >= 500 ? "unavailable" : "refused"),
    problem.detail ??
      problem.title ??
      (response.status >= 500
        ? "The service is not available right now."
        : `The server answered ${response.status}.`),
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
    problem.request_id ?? null,
  );
}
