// Where a sign-in may lead to.

const FALLBACK = "/dashboard";

/** `candidate` when it is a path on this site, otherwise the dashboard. Never a host, a scheme or the login itself. */
export function sameSitePath(candidate: string | null | undefined): string {
  if (!candidate || candidate.length > 512) return FALLBACK;
  if (!candidate.startsWith("/") || candidate.startsWith("//")) return FALLBACK;
  // Browsers read a backslash as a slash and drop tabs and line breaks: "/\evil.example", "/\t/evil.example".
  if (/[\\\u0000-\u001f\u007f]/.test(candidate)) return FALLBACK;
  if (candidate === "/" || /^\/login(?:[/?#]|$)/.test(candidate)) return FALLBACK;
  return candidate;
}
