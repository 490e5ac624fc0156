// Calls to the services' HTTP APIs: bearer token, one retry after a 401, typed answers, and one class of error. Uses no
// texts of the page: the first call runs before the page has them.
import type { Answer, Input, Method, PathOf, Problem } from "@/contracts/http";

/**
 * A call that failed. `status` is 0 when no answer came. `code` is stable, so callers may branch on it. `message` is
 * what the service wrote, or "". Show `explain(error)` to users. `problem` is the problem document of the service.
 */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterSeconds: number | null = null,
    readonly requestId: string | null = null,
    readonly problem: Problem = {},
    /** The service that failed. */
    readonly service: ServiceName = "other",
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** True when a later retry may succeed without any change. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The names have their texts in `errors.services`. */
export type ServiceName = "telemetry" | "sign-in" | "accounts" | "mirror" | "other";

export type TokenSource = {
  /** Returns a token that is probably valid. Gets a new one when there is none. */
  token: () => Promise<string>;
  /** Returns a token newer than `rejected`, which a service rejected. */
  renew: (rejected: string) => Promise<string>;
};

/**
 * `ifMatch`: the ETag of the version that a change is based on. A service rejects the change when it has a newer one.
 * `shareToken`: of a share link. It is sent in a header, so that no log has it.
 */
type Options = { signal?: AbortSignal; idempotencyKey?: string; ifMatch?: string; shareToken?: string };
type Arguments<P extends PathOf<M>, M extends Method> =
  Record<never, never> extends Input<P, M> ? [input?: Input<P, M> & Options] : [input: Input<P, M> & Options];
type Call<M extends Method> = <P extends PathOf<M>>(
  path: P,
  ...rest: Arguments<P, M>
) => Promise<Answer<P, M>>;

/** An answer with its ETag. */
export type Tagged<Body> = { readonly body: Body; readonly etag: string };
type TaggedCall = <P extends PathOf<"get">>(
  path: P,
  ...rest: Arguments<P, "get">
) => Promise<Tagged<Answer<P, "get">>>;

/** One function per HTTP method. Each throws ApiError; abort errors pass through. */
export type ApiClient = { readonly [M in Method]: Call<M> } & {
  /** A GET whose answer has an ETag. */
  readonly getTagged: TaggedCall;
  /** A GET whose answer is a file. */
  readonly getFile: <P extends PathOf<"get">>(path: P, ...rest: Arguments<P, "get">) => Promise<Blob>;
  /** A PUT whose body is a file. */
  readonly putFile: <P extends PathOf<"put">>(
    path: P,
    file: Blob,
    options: Pick<Options, "ifMatch" | "signal">,
  ) => Promise<Answer<P, "put">>;
  /** A GET whose answer is read while it arrives, however long that takes. Only its start has a time limit. */
  readonly getStream: <P extends PathOf<"get">>(path: P, ...rest: Arguments<P, "get">) => Promise<Response>;
};

type Send = (token: string | null) => Promise<Response>;
type AnyInput = Options & {
  path?: Readonly<Record<string, string | number>>;
  query?: Readonly<Record<string, unknown>>;
  body?: unknown;
};

const METHODS: readonly Method[] = ["get", "post", "put", "patch", "delete"];
const TIMEOUT_MS = 20_000;

/** An API client that sends tokens from `tokens`. */
export function createApiClient(tokens: TokenSource): ApiClient {
  return clientOf(async (send) => {
    const token = await tokens.token();
    const response = await send(token);
    return (await isTokenRejected(response)) ? send(await tokens.renew(token)) : response;
  });
}

/** An API client without a token, for pages that need no sign-in. */
export const publicApi: ApiClient = clientOf((send) => send(null));

function clientOf(signed: (send: Send) => Promise<Response>): ApiClient {
  const responseTo = (method: Method, path: string, input?: AnyInput) =>
    signed((token) => request(addressOf(path, input), requestOf(method, token, input)));
  const call = (method: Method) => async (path: string, input?: AnyInput) =>
    readAnswer(await responseTo(method, path, input));
  const getTagged = async (path: string, input?: AnyInput) => {
    const response = await responseTo("get", path, input);
    const body = await readAnswer(response);
    const etag = response.headers.get("etag");
    if (etag === null) throw unreadable(response);
    return { body, etag };
  };
  const getFile = async (path: string, input?: AnyInput) => {
    const response = await responseTo("get", path, input);
    if (!response.ok) throw problemOf(response, await jsonOf(response));
    return response.blob();
  };
  const getStream = async (path: string, input?: AnyInput) => {
    const response = await signed((token) =>
      requestStart(addressOf(path, input), requestOf("get", token, input)),
    );
    if (!response.ok) throw problemOf(response, await jsonOf(response));
    return response;
  };
  const putFile = async (path: string, file: Blob, options: Options) => {
    const sent = (token: string | null) => {
      const init = requestOf("put", token, options);
      const headers = { ...init.headers, "content-type": file.type || "application/octet-stream" };
      return request(path, { ...init, headers, body: file });
    };
    return readAnswer(await signed(sent));
  };
  const methods = Object.fromEntries(METHODS.map((method) => [method, call(method)]));
  // The types of paths, inputs and answers exist at compile time only.
  return { ...methods, getTagged, getFile, putFile, getStream } as unknown as ApiClient;
}

/** `path` with its parameters filled in and its query appended. */
function addressOf(path: string, { path: parameters = {}, query = {} }: AnyInput = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ""));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    // A list is repeated: `?account=a&account=b`.
    for (const one of Array.isArray(value) ? value : [value])
      if (one != null) search.append(name, String(one));
  }
  return search.size ? `${filled}?${search}` : filled;
}

function requestOf(method: Method, token: string | null, input: AnyInput = {}): RequestInit {
  const { body, idempotencyKey, ifMatch, shareToken, signal } = input;
  return {
    method: method.toUpperCase(),
    headers: {
      accept: "application/json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
      ...(shareToken === undefined ? {} : { "pulse-share-token": shareToken }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  };
}

/** A wrong one-time code is a 401 too. A retry with another token would count as another wrong code. */
async function isTokenRejected(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  const { code } = problemIn(await jsonOf(response.clone()));
  return code === undefined || code === "not_signed_in";
}

/** `fetch` with a timeout. Throws ApiError when the network fails. */
export async function request(path: string, init: RequestInit): Promise<Response> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
  try {
    return await fetch(path, { cache: "no-store", credentials: "same-origin", ...init, signal });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "");
  }
}

/** `fetch` with a timeout for the start of the answer. Its body may take longer. Throws ApiError when the network fails. */
async function requestStart(path: string, init: RequestInit): Promise<Response> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), TIMEOUT_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, limit.signal]) : limit.signal;
  try {
    return await fetch(path, { cache: "no-store", credentials: "same-origin", ...init, signal });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "");
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The body of a successful answer. Throws the problem of any other as ApiError. Its type comes from the service's
 * OpenAPI document. Only JSON is checked here: a proxy or a Wi-Fi login page may answer 200 with a page of its own.
 */
export async function readAnswer<Body>(response: Response): Promise<Body> {
  if (response.ok && hasNoBody(response)) return null as Body;
  const body = await jsonOf(response);
  if (!response.ok) throw problemOf(response, body);
  if (typeof body === "object" && body !== null) return body as Body;
  throw unreadable(response);
}

function unreadable({ status, url }: Response): ApiError {
  const service = serviceOf(url);
  return new ApiError(status, "unexpected_answer", "", null, null, {}, service);
}

/** 202 comes with a body from some paths, and without one from others. */
function hasNoBody({ status, headers }: Response): boolean {
  return status === 204 || (status === 202 && !headers.get("content-type")?.includes("json"));
}

export function problemOf(response: Response, body: unknown): ApiError {
  const problem = problemIn(body);
  const retryAfter = Number(response.headers.get("retry-after"));
  return new ApiError(
    response.status,
    problem.code ?? (response.status >= 500 ? "unavailable" : "refused"),
    problem.detail ?? problem.title ?? "",
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
    problem.request_id ?? null,
    problem,
    serviceOf(response.url),
  );
}

/** The parsed body, or null when it is not JSON. */
function jsonOf(response: Response): Promise<unknown> {
  return response.json().catch(() => null);
}

/** The problem in `body`. A proxy may send anything with an error status, so each member is checked. */
function problemIn(body: unknown): Problem {
  if (typeof body !== "object" || body === null) return {};
  const members = body as Readonly<Record<string, unknown>>;
  const text = (name: string) => (typeof members[name] === "string" ? members[name] : undefined);
  const { problems } = members;
  return {
    title: text("title"),
    detail: text("detail"),
    code: text("code"),
    request_id: text("request_id"),
    challenge: text("challenge"),
    problems: Array.isArray(problems) ? problems.filter((one) => typeof one === "string") : undefined,
  };
}

const SERVICES = [
  ["/api/telemetry/", "telemetry"],
  ["/api/auth/", "sign-in"],
  ["/api/users", "accounts"],
  ["/api/collectors", "sign-in"],
  ["/api/sync/", "mirror"],
] as const;

/** The service that answers at `url`. */
function serviceOf(url: string): ServiceName {
  return SERVICES.find(([path]) => url.includes(path))?.[1] ?? "other";
}
