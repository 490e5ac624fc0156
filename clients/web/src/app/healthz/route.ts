// Readiness of this process for its supervisor: it answers, whatever its back ends do.

export const dynamic = "force-dynamic";

export function GET(): Response {
  return new Response("ok", {
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
  });
}
