// The entry point of all requests: forwards API calls and the socket to their back ends, guards pages, sets headers.
import { NextResponse, type NextRequest } from "next/server";
import { ACCESS_COOKIE, PageGuard, REFRESH_COOKIE, type Cookie } from "@/features/auth/page-guard";
import { signInAddress } from "@/features/auth/sign-in-notice";
import { serverEnv } from "@/lib/server/env";
import { contentSecurityPolicy, SECURITY_HEADERS } from "@/lib/server/security-headers";
import { acceptsConnections, upstreamOf } from "@/lib/server/upstream";
import { pageOf } from "@/lib/site-map";

// Matches everything but static files. Do not exclude requests by a header, such as prefetches: anyone could then bypass
// the guard by sending that header.
export const config = { matcher: ["/((?!_next/static/|_next/image|icon\\.svg$|livez$|healthz$).*)"] };

// A client can forge these headers. server/request-filter.mjs replaces x-forwarded-for by the client's real address.
const UNTRUSTED_HEADERS = ["x-real-ip", "forwarded", "x-user"];
/** Equals the services' limit (MAX_BODY in pulse_chassis.http). */
const MAX_BODY_BYTES = 65_536;
/** Paths with another limit (BODY_LIMITS of the services). */
const BODY_LIMITS: Readonly<Record<string, number>> = {
  "/api/telemetry/dashboards": 262_144,
  "/api/users/brand/logo": 262_144,
};

/** The pages of share links. Only the second one may be shown in a frame, where the settings allow it. */
const [SHARED, EMBED] = ["/shared", "/embed"];

let guard: PageGuard | undefined;

export async function proxy(request: NextRequest): Promise<NextResponse> {
  const { pathname } = request.nextUrl;
  const headers = new Headers(request.headers);
  for (const name of UNTRUSTED_HEADERS) headers.delete(name);
  if (process.env.PULSE_HAS_REQUEST_FILTER !== "1") headers.delete("x-forwarded-for");

  if (pathname === "/socket.io" || pathname.startsWith("/socket.io/")) {
    return NextResponse.rewrite(new URL(`/socket.io/${request.nextUrl.search}`, serverEnv().gatewayUrl), {
      request: { headers },
    });
  }
  if (pathname === "/api" || pathname.startsWith("/api/")) return forwardApi(request, headers);
  return servePage(request, headers);
}

async function forwardApi(request: NextRequest, headers: Headers): Promise<NextResponse> {
  const { pathname, search } = request.nextUrl;
  const upstream = upstreamOf(pathname, serverEnv());
  const id = headers.get("x-request-id");
  if (!upstream) return problem(id, 404, "not_found", "Not found", "No service answers at this address.");
  const rejection = checkBody(request.headers, maxBodyBytes(pathname));
  if (rejection) return rejection;
  if (!(await acceptsConnections(upstream.url))) {
    return problem(
      id,
      503,
      "unavailable",
      "Service unavailable",
      `The ${upstream.name} service cannot be reached.`,
    );
  }
  return NextResponse.rewrite(new URL(pathname + search, upstream.url), { request: { headers } });
}

/** Rejects bodies that a back end would reject. Next answers a bare 500 when a back end answers before the body ends. */
function checkBody(headers: Headers, maxBytes: number): NextResponse | null {
  const id = headers.get("x-request-id");
  if (headers.has("transfer-encoding")) {
    return problem(id, 411, "length_required", "Length required", "Send the body with its Content-Length.");
  }
  const length = headers.get("content-length") ?? "0";
  if (/^\d+$/.test(length) && Number(length) <= maxBytes) return null;
  return problem(id, 413, "too_large", "Content too large", `The body must not exceed ${maxBytes} bytes.`);
}

function maxBodyBytes(path: string): number {
  const start = Object.keys(BODY_LIMITS).find((one) => path === one || path.startsWith(`${one}/`));
  return (start && BODY_LIMITS[start]) || MAX_BODY_BYTES;
}

async function servePage(request: NextRequest, headers: Headers): Promise<NextResponse> {
  const nonce = btoa(crypto.randomUUID());
  const { pathname } = request.nextUrl;
  const framedBy = pathname === EMBED ? serverEnv().embedOrigins : [];
  const policy = contentSecurityPolicy(nonce, process.env.NODE_ENV === "development", framedBy);
  // Next reads the nonce for its own scripts from the request's policy.
  headers.set("content-security-policy", policy);
  headers.set("x-nonce", nonce);

  const setCookies: string[] = [];
  let response = NextResponse.next({ request: { headers } });
  if (needsSignIn(pathname)) {
    guard ??= new PageGuard(serverEnv().authUrl);
    const verdict = await guard.check(
      {
        access: cookieOf(request, ACCESS_COOKIE),
        refresh: cookieOf(request, REFRESH_COOKIE),
      },
      originOf(request),
      headers.get("x-forwarded-for"),
    );
    if (verdict.kind !== "unknown") setCookies.push(...verdict.setCookies);
    if (verdict.kind === "signed-out") {
      response = isCrossSite(request) ? reloadPage() : NextResponse.redirect(loginAddress(request));
    }
  }
  for (const cookie of setCookies) response.headers.append("set-cookie", cookie);
  response.headers.set("content-security-policy", policy);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
  if (pathname === SHARED || pathname === EMBED) response.headers.set("referrer-policy", "no-referrer");
  // This header cannot name origins. The policy does.
  if (framedBy.length > 0) response.headers.delete("x-frame-options");
  return response;
}

/** True for the pages of the site map. All other pages are public, and unknown pages are 404 for everyone. */
function needsSignIn(pathname: string): boolean {
  return pathname === "/" || pageOf(pathname) !== null;
}

/** With https, auth's cookies have the `__Host-` prefix. */
function cookieOf(request: NextRequest, name: string): Cookie | undefined {
  return request.cookies.get(`__Host-${name}`) ?? request.cookies.get(name);
}

/** A request from a link on another site comes without the SameSite=Strict cookies, also when signed in. */
function isCrossSite(request: NextRequest): boolean {
  return request.method === "GET" && request.headers.get("sec-fetch-site") === "cross-site";
}

/** A page that loads its own address again. That request comes from this site, so it has the cookies. */
function reloadPage(): NextResponse {
  const page = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>…</title>';
  return new NextResponse(page, { headers: { "content-type": "text/html", "cache-control": "no-store" } });
}

/** The sign-in page. A refresh cookie that auth rejected means that a session has ended, so the page says so. */
function loginAddress(request: NextRequest): URL {
  const { pathname, search } = request.nextUrl;
  const notice = cookieOf(request, REFRESH_COOKIE) ? "ended" : undefined;
  const next = pathname === "/" ? undefined : pathname + search;
  return new URL(signInAddress(notice, next), request.nextUrl);
}

function originOf(request: NextRequest): string {
  const { publicOrigin } = serverEnv();
  return (
    publicOrigin ?? `${request.nextUrl.protocol}//${request.headers.get("host") ?? request.nextUrl.host}`
  );
}

function problem(
  id: string | null,
  status: number,
  code: string,
  title: string,
  detail: string,
): NextResponse {
  const requestId = id ?? crypto.randomUUID();
  const body = { type: "about:blank", title, status, detail, code, request_id: requestId };
  return new NextResponse(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-request-id": requestId,
      ...(status === 503 ? { "retry-after": "2" } : {}),
      ...SECURITY_HEADERS,
    },
  });
}
