"use client";
// The changes of a dashboard that are not saved yet: undo, the draft of the tab, and the version they are based on.
import { useEffect, useMemo, useState } from "react";
import { TabDrafts } from "@/lib/forms/drafts";
import { countChanges } from "./differences";
import type { BoardContent } from "./model";
import { change, redo, startWith, undo, type Undoable } from "./undo";

/** What the changes are based on. `etag` and `version` are null for a dashboard that was never saved. */
export type Base = {
  readonly content: BoardContent;
  readonly etag: string | null;
  readonly version: number | null;
};
type Draft = { readonly content: BoardContent; readonly base: Base };

const boardDrafts = new TabDrafts<Draft>(() => globalThis.sessionStorage ?? null, "pulse-board:");

export function boardDraft(name: string): Draft | null {
  const draft = boardDrafts.get(name);
  // Another version of this page may have written it.
  return Array.isArray(draft?.content?.panels) && draft.base?.content ? draft : null;
}

export function forgetBoardDraft(name: string): void {
  boardDrafts.delete(name);
}

/**
 * Makes the draft `name` of a deleted dashboard the draft of a new one, which belongs to the person alone. The panels of a
 * new dashboard that was begun before stay, above the others.
 */
export function keepAsNewBoard(name: string, newName: string): void {
  const draft = boardDraft(name);
  if (!draft) return;
  const begun = boardDraft(newName)?.content.panels ?? [];
  const bottom = Math.max(0, ...begun.map(({ y, h }) => y + h));
  const moved = draft.content.panels.map((panel) => ({
    ...panel,
    id: begun.some(({ id }) => id === panel.id) ? `kept-${panel.id}`.slice(0, 32) : panel.id,
    y: panel.y + bottom,
  }));
  const content = { ...draft.content, panels: [...begun, ...moved], shared: false };
  boardDrafts.set(newName, {
    content,
    base: { content: { ...content, panels: [] }, etag: null, version: null },
  });
  boardDrafts.delete(name);
}

export type Editing = {
  readonly content: BoardContent;
  readonly base: Base;
  /** How many panels and settings differ from the saved version. */
  readonly changes: number;
  readonly wasRestored: boolean;
  /** `mark`: see `Undoable`. */
  readonly edit: (next: (content: BoardContent) => BoardContent, mark?: string) => void;
  readonly undo: (() => void) | null;
  readonly redo: (() => void) | null;
  /** Goes on with `content`, based on a newer version. */
  readonly rebase: (content: BoardContent, base: Base) => void;
};

/** `name`: of the draft, with the account and the dashboard. `start`: what is shown when there is no draft. */
export function useEditing(name: string, loaded: Base, start: BoardContent = loaded.content): Editing {
  const [kept] = useState(() => boardDraft(name));
  const [base, setBase] = useState(kept?.base ?? loaded);
  const [state, setState] = useState<Undoable<BoardContent>>(() => startWith(kept?.content ?? start));
  const content = state.present;
  const changes = useMemo(() => countChanges(base.content, content), [base.content, content]);

  useEffect(() => {
    if (changes > 0) boardDrafts.set(name, { content, base });
    else boardDrafts.delete(name);
  }, [name, content, base, changes]);

  return {
    content,
    base,
    changes,
    wasRestored: kept !== null,
    edit: (next, mark) => setState((now) => change(now, next(now.present), mark)),
    undo: state.past.length > 0 ? () => setState(undo) : null,
    redo: state.future.length > 0 ? () => setState(redo) : null,
    rebase: (next, newBase) => {
      setBase(newBase);
      setState(startWith(next));
    },
  };
}
