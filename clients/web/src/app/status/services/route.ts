// Tells signed-in users which services are ready. The proxy guards this address.
import { webCertificate } from "@/lib/server/certificate";
import { serverEnv } from "@/lib/server/env";
import { systemStatus } from "@/lib/server/health";

export const dynamic = "force-dynamic";

export async function GET(): Promise<Response> {
  return Response.json(
    { ...(await systemStatus(serverEnv())), certificate: webCertificate() },
    { headers: { "cache-control": "no-store" } },
  );
}
