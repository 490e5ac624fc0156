// Tells the supervisor that this process serves. It does not depend on the back ends.

export const dynamic = "force-dynamic";

export function GET(): Response {
  return new Response("ok", {
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
  });
}
