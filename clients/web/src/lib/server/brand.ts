// The brand, as the users service has it.
import { OWN_BRAND, type Brand } from "@/lib/brand";
import { serverEnv, type ServerEnv } from "./env";

const TIMEOUT_MS = 1_000;
/** An answer counts for this long. */
const MAX_AGE_MS = 5_000;

type Known = { readonly brand: Brand; readonly etag: string | null };

let known: Known = { brand: OWN_BRAND, etag: null };
let asked = { at: -Infinity, answer: Promise.resolve() };

/** The name, colour and logo. While the users service does not answer: those that it had last. */
export async function currentBrand(
  env: ServerEnv = serverEnv(),
  now: number = performance.now(),
): Promise<Brand> {
  if (now - asked.at > MAX_AGE_MS) asked = { at: now, answer: ask(env) };
  await asked.answer;
  return known.brand;
}

async function ask({ usersUrl }: ServerEnv): Promise<void> {
  try {
    const response = await fetch(`${usersUrl}/api/users/brand`, {
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: known.etag ? { "if-none-match": known.etag } : {},
    });
    if (response.status !== 200) return;
    const brand = brandIn(await response.json());
    if (brand) known = { brand, etag: response.headers.get("etag") };
  } catch {
    // The pages work without it, and a later request asks again.
  }
}

function brandIn(body: unknown): Brand | null {
  if (typeof body !== "object" || body === null) return null;
  const { product, accent, logo } = body as Partial<Brand>;
  if (typeof product !== "string" || product === "") return null;
  return { product, accent: accent ?? null, logo: typeof logo === "string" ? logo : null };
}
