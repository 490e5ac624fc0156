// The one door of the web server: sends API calls and the socket to their back ends, guards pages, sets the policy.
import { NextResponse, type NextRequest } from "next/server";
import { ACCESS_COOKIE, PageGuard, REFRESH_COOKIE, type Cookie } from "@/features/auth/page-guard";
import { signInAddress } from "@/features/auth/sign-in-notice";
import { serverEnv } from "@/lib/server/env";
import { contentSecurityPolicy, SECURITY_HEADERS } from "@/lib/server/security-headers";
import { acceptsConnections, upstreamOf } from "@/lib/server/upstream";

// Everything passes here except files that are the same for everybody. A condition on request headers (such as
// skipping prefetches) would let anybody walk round the guard by sending that header.
export const config = { matcher: ["/((?!_next/static/|_next/image|icon\\.svg$|healthz$).*)"] };

// Who a caller is must come from the connection and the token, never from what the caller says.
const UNTRUSTED_HEADERS = ["x-forwarded-for", "x-real-ip", "forwarded", "x-user"];
/** The limit of the services (MAX_BODY in pulse_chassis.http). */
const MAX_BODY_BYTES = 65_536;
/** Pages that need a sign-in. Whatever else is there is for everybody; what is not there answers 404 to everybody. */
const GUARDED_PAGES = new Set(["/", "/dashboard", "/security"]);

let guard: PageGuard | undefined;

export async function proxy(request: NextRequest): Promise<NextResponse> {
  const { pathname } = request.nextUrl;
  const headers = new Headers(request.headers);
  for (const name of UNTRUSTED_HEADERS) headers.delete(name);

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
  if (!upstream) return problem(404, "not_found", "Not found", "No service answers at this address.");
  const refusal = refuseBody(request.headers);
  if (refusal) return refusal;
  if (!(await acceptsConnections(upstream.url))) {
    return problem(
      503,
      "unavailable",
      "Service unavailable",
      `The ${upstream.name} service cannot be reached.`,
    );
  }
  return NextResponse.rewrite(new URL(pathname + search, upstream.url), { request: { headers } });
}

/** A back end that answers before a body has ended is a bare 500 here, so what it would refuse is refused first. */
function refuseBody(headers: Headers): NextResponse | null {
  if (headers.has("transfer-encoding")) {
    return problem(411, "length_required", "Length required", "Send the body with its Content-Length.");
  }
  const length = headers.get("content-length") ?? "0";
  if (/^\d+$/.test(length) && Number(length) <= MAX_BODY_BYTES) return null;
  return problem(413, "too_large", "Content too large", `The body may have ${MAX_BODY_BYTES} bytes at most.`);
}

async function servePage(request: NextRequest, headers: Headers): Promise<NextResponse> {
  const nonce = btoa(crypto.randomUUID());
  const policy = contentSecurityPolicy(nonce, process.env.NODE_ENV === "development");
  // Next reads the nonce for its own scripts from the request's policy.
  headers.set("content-security-policy", policy);
  headers.set("x-nonce", nonce);

  const setCookies: string[] = [];
  let response = NextResponse.next({ request: { headers } });
  if (GUARDED_PAGES.has(request.nextUrl.pathname.replace(/(?<=.)\/+$/, ""))) {
    guard ??= new PageGuard(serverEnv().authUrl);
    const verdict = await guard.judge(
      {
        access: cookieOf(request, ACCESS_COOKIE),
        refresh: cookieOf(request, REFRESH_COOKIE),
      },
      originOf(request),
    );
    if (verdict.kind !== "unknown") setCookies.push(...verdict.setCookies);
    if (verdict.kind === "signed-out") {
      response = cameFromElsewhere(request) ? askAgain() : NextResponse.redirect(loginAddress(request));
    }
  }
  for (const cookie of setCookies) response.headers.append("set-cookie", cookie);
  response.headers.set("content-security-policy", policy);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
  return response;
}

/** With https auth gives its cookies names that bind them to this host. */
function cookieOf(request: NextRequest, name: string): Cookie | undefined {
  return request.cookies.get(`__Host-${name}`) ?? request.cookies.get(name);
}

/** A link on another site leads here without our SameSite=Strict cookies, signed in or not. */
function cameFromElsewhere(request: NextRequest): boolean {
  return request.method === "GET" && request.headers.get("sec-fetch-site") === "cross-site";
}

/** Loads the same address once more: that request is our own page's, so the cookies come with it. */
function askAgain(): NextResponse {
  const page = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>…</title>';
  return new NextResponse(page, { headers: { "content-type": "text/html", "cache-control": "no-store" } });
}

/** Says why, if there was a session: its cookie is here still, and auth refused it. */
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

function problem(status: number, code: string, title: string, detail: string): NextResponse {
  const requestId = crypto.randomUUID();
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
