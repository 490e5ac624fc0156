// The page to open after sign-in.

const FALLBACK = "/dashboard";

/** `candidate` if it is a path on this site, else the dashboard. Never another host, another scheme or the login page. */
export function sameSitePath(candidate: string | null | undefined): string {
  if (!candidate || candidate.length > 512) return FALLBACK;
  if (!candidate.startsWith("/") || candidate.startsWith("//")) return FALLBACK;
  // Browsers treat a backslash as a slash and ignore tabs and line breaks: "/\evil.example", "/\t/evil.example".
  if (/[\\\u0000-\u001f\u007f]/.test(candidate)) return FALLBACK;
  if (candidate === "/" || /^\/login(?:[/?#]|$)/.test(candidate)) return FALLBACK;
  return candidate;
}
