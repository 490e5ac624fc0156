// Finds entries by their words, the best ones first. Pure functions.
import type { Entry } from "../types";

/** An entry with its searched texts, so that typing does not prepare them again. */
export type Indexed = { readonly entry: Entry; readonly title: string; readonly all: string };

export type Found = { readonly entries: readonly Entry[]; readonly total: number; readonly best: number };

export const NOTHING: Found = { entries: [], total: 0, best: 0 };

/** Without case and accents, so that `olkessel` finds `Ölkessel`. */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

export function wordsOf(text: string): readonly string[] {
  return plain(text).split(/\s+/).filter(Boolean);
}

export function indexed(entries: readonly Entry[]): readonly Indexed[] {
  return entries.map((entry) => {
    const title = plain(entry.title);
    return { entry, title, all: [title, plain(entry.detail ?? ""), plain(entry.words ?? "")].join("\n") };
  });
}

/**
 * The entries that have every word, the best `most` of them. Equally good ones keep their order. Without words, the first
 * ones. `total` counts all that match.
 */
export function find(index: readonly Indexed[], words: readonly string[], most: number): Found {
  const matches: { entry: Entry; score: number }[] = [];
  for (const one of index) {
    const score = scoreOf(one, words);
    if (score > 0) matches.push({ entry: one.entry, score });
  }
  // Sorting is stable.
  matches.sort((a, b) => b.score - a.score);
  return {
    entries: matches.slice(0, most).map(({ entry }) => entry),
    total: matches.length,
    best: matches[0]?.score ?? 0,
  };
}

const EXACT = 100;
const TITLE_START = 8;
const TITLE_WORD = 4;
const TITLE = 2;
const ELSEWHERE = 1;

/** 0 when a word is missing. */
function scoreOf({ title, all }: Indexed, words: readonly string[]): number {
  let score = words.length === 0 ? 1 : 0;
  for (const word of words) {
    if (title.startsWith(word)) score += TITLE_START;
    else if (startsAWord(title, word)) score += TITLE_WORD;
    else if (title.includes(word)) score += TITLE;
    else if (startsAWord(all, word)) score += ELSEWHERE;
    else if (all.includes(word)) score += ELSEWHERE / 2;
    else return 0;
  }
  return title === words.join(" ") ? score + EXACT : score;
}

const BETWEEN_WORDS = /[^\p{L}\p{N}]/u;

function startsAWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (at === 0 || BETWEEN_WORDS.test(text.charAt(at - 1))) return true;
  }
  return false;
}
