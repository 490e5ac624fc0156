// Tells everyone whether the system is well, without details.
import { serverEnv } from "@/lib/server/env";
import { isSystemWell } from "@/lib/server/health";

export const dynamic = "force-dynamic";

export async function GET(): Promise<Response> {
  const isWell = await isSystemWell(serverEnv());
  return Response.json(
    { status: isWell ? "ok" : "degraded" },
    { status: isWell ? 200 : 503, headers: { "cache-control": "no-store" } },
  );
}
