// Finds the links in a plain text. Pure functions.

export type TextPart = { readonly text: string; readonly href: string | null };

const LINK = /https?:\/\/[^\s<>"']+/g;
// A full stop or a bracket after an address ends the sentence, not the address.
const TRAILING = /[.,;:!?)\]}]+$/;

/** The text in parts: links to web addresses, and the text between them. No other address becomes a link. */
export function partsOf(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const href = match[0].replace(TRAILING, "");
    if (!URL.canParse(href)) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index), href: null });
    parts.push({ text: href, href });
    end = match.index + href.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null });
  return parts;
}
