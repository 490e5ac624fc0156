// Calls to the project's HTTP API: the bearer token, one retry after a 401, parsing, and one kind of error.
import type { z } from "zod";
import { problemSchema, type Problem } from "@/contracts/http";

/**
 * A call that did not succeed. `status` 0: no answer at all. `code` is stable and safe to branch on; `problem` is all
 * that the service said.
 */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterSeconds: number | null = null,
    readonly requestId: string | null = null,
    readonly problem: Problem = {},
    /** Who failed, as the beginning of a sentence. */
    readonly service = "The service",
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

type Ask = <S extends z.ZodType>(path: string, schema: S, signal?: AbortSignal) => Promise<z.output<S>>;
type Tell = <S extends z.ZodType>(
  path: string,
  body: unknown,
  schema: S,
  signal?: AbortSignal,
  idempotencyKey?: string,
) => Promise<z.output<S>>;

/** Each call gives the answer as its schema reads it; `nothingSchema` where there is none. Throws ApiError. */
export type ApiClient = { get: Ask; delete: Ask; post: Tell; put: Tell };

const TIMEOUT_MS = 20_000;

/** An API client that signs its calls with tokens from `tokens`. Throws ApiError; abort errors pass through. */
export function createApiClient(tokens: TokenSource): ApiClient {
  return clientOf(async (send) => {
    const token = await tokens.token();
    const response = await send(token);
    return (await isTokenRefused(response)) ? send(await tokens.renew(token)) : response;
  });
}

/** For the pages that need no sign-in: calls without a token. Throws ApiError; abort errors pass through. */
export const publicApi: ApiClient = clientOf((send) => send(null));

function clientOf(
  signed: (send: (token: string | null) => Promise<Response>) => Promise<Response>,
): ApiClient {
  const call =
    (method: string): Tell =>
    async (path, body, schema, signal, idempotencyKey) => {
      const send = (token: string | null) =>
        request(path, {
          method,
          headers: {
            accept: "application/json",
            ...(token === null ? {} : { authorization: `Bearer ${token}` }),
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal,
        });
      return parseAnswer(await signed(send), schema);
    };
  const bare =
    (method: string): Ask =>
    (path, schema, signal) =>
      call(method)(path, undefined, schema, signal);
  return { get: bare("GET"), delete: bare("DELETE"), post: call("POST"), put: call("PUT") };
}

/** A wrong one-time code is a 401 as well: to send it again with another token would count as another wrong one. */
async function isTokenRefused(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  const parsed = problemSchema.safeParse(
    await response
      .clone()
      .json()
      .catch(() => null),
  );
  const code = parsed.success ? parsed.data.code : undefined;
  return code === undefined || code === "not_signed_in";
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
      `${serviceOf(response.url)} answered in a form this page does not know.`,
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
        ? `${serviceOf(response.url)} is not available right now.`
        : `The server answered ${response.status}.`),
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
    problem.request_id ?? null,
    problem,
    serviceOf(response.url),
  );
}

const SERVICES = [
  ["/api/telemetry/", "The telemetry service"],
  ["/api/auth/", "The sign-in service"],
  ["/api/users", "The account service"],
] as const;

/** Which service answers at `url`, as the beginning of a sentence. */
function serviceOf(url: string): string {
  return SERVICES.find(([path]) => url.includes(path))?.[1] ?? "The service";
}
