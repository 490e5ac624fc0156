// What differs between two versions of a dashboard, and how to join the changes of two people. Pure functions.
import { compact } from "./layout";
import type { BoardContent, Panel } from "./model";

export type Side = "mine" | "theirs";

/** A panel that differs. A side without the panel has removed it, or does not have it yet. */
export type PanelDifference = {
  readonly id: string;
  readonly mine: Panel | null;
  readonly theirs: Panel | null;
  /** Who changed it since both started: a panel that both changed is a conflict. */
  readonly changedBy: Side | "both";
};

/** The panels that differ between mine and theirs. `base`: what both started from. */
export function panelDifferences(
  base: BoardContent,
  mine: BoardContent,
  theirs: BoardContent,
): PanelDifference[] {
  const [bases, mines, others] = [base, mine, theirs].map(byId) as [Panels, Panels, Panels];
  const ids = [...new Set([...others.keys(), ...mines.keys()])];
  return ids.flatMap((id) => {
    const [start, my, their] = [bases.get(id) ?? null, mines.get(id) ?? null, others.get(id) ?? null];
    if (isSame(my, their)) return [];
    const changedBy = isSame(my, start) ? "theirs" : isSame(their, start) ? "mine" : "both";
    return [{ id, mine: my, theirs: their, changedBy }];
  });
}

/** The side to start with: theirs where only they changed a panel, mine elsewhere. */
export function proposedSide({ changedBy }: PanelDifference): Side {
  return changedBy === "theirs" ? "theirs" : "mine";
}

/** The key of the name among the chosen sides. No panel has this id. */
export const NAME = ":name";

/** Whether both have changed the name, to different ones. */
export function isNameConflict(base: BoardContent, mine: BoardContent, theirs: BoardContent): boolean {
  return mine.name !== theirs.name && mine.name !== base.name && theirs.name !== base.name;
}

/**
 * The joined dashboard: for each difference the chosen side. The name is the chosen one when both changed it, else the
 * changed one. Sharing is mine if I changed it.
 */
export function join(
  base: BoardContent,
  mine: BoardContent,
  theirs: BoardContent,
  sides: Readonly<Record<string, Side>>,
): BoardContent {
  const chosen = new Map(
    panelDifferences(base, mine, theirs).map((difference) => {
      const side = sides[difference.id] ?? proposedSide(difference);
      return [difference.id, difference[side]] as const;
    }),
  );
  const mines = byId(mine);
  const panels = [...theirs.panels, ...mine.panels.filter(({ id }) => !byId(theirs).has(id))].flatMap(
    (panel) => {
      const kept = chosen.has(panel.id) ? chosen.get(panel.id)! : (mines.get(panel.id) ?? panel);
      return kept ? [kept] : [];
    },
  );
  return {
    name: mine.name === base.name || sides[NAME] === "theirs" ? theirs.name : mine.name,
    shared: mine.shared === base.shared ? theirs.shared : mine.shared,
    panels: compact(panels),
  };
}

/** How many panels and settings differ. */
export function countChanges(before: BoardContent, after: BoardContent): number {
  const panels = panelDifferences(before, after, before).length;
  return panels + Number(before.name !== after.name) + Number(before.shared !== after.shared);
}

type Panels = Map<string, Panel>;

function byId({ panels }: BoardContent): Panels {
  return new Map(panels.map((panel) => [panel.id, panel]));
}

/** Compared as JSON with sorted keys: a service may send members in another order. */
function isSame(a: Panel | null, b: Panel | null): boolean {
  return a === b || stable(a) === stable(b);
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
