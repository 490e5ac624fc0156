"use client";
// Two people have changed one dashboard: what differs, and which side to take for each panel.
import { useState } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Segmented } from "@/components/segmented";
import {
  isNameConflict,
  join,
  NAME,
  panelDifferences,
  proposedSide,
  type PanelDifference,
  type Side,
} from "../differences";
import type { Board, BoardContent, Panel } from "../model";
import { useText, type Text } from "../text";

type VersionDialogProps = {
  base: BoardContent;
  mine: BoardContent;
  theirs: Board;
  /** Goes on with the joined dashboard, based on their version. `isSaving`: the person wants to save it at once. */
  onTake: (content: BoardContent, isSaving: boolean) => void;
  onClose: () => void;
};

export function VersionDialog({ base, mine, theirs, onTake, onClose }: VersionDialogProps) {
  const t = useText();
  const differences = panelDifferences(base, mine, theirs);
  const [sides, setSides] = useState<Readonly<Record<string, Side>>>({});
  const sideOf = (difference: PanelDifference) => sides[difference.id] ?? proposedSide(difference);
  const hasNames = isNameConflict(base, mine, theirs);
  const all = (side: Side) =>
    setSides(Object.fromEntries([NAME, ...differences.map(({ id }) => id)].map((id) => [id, side])));
  const joined = () => join(base, mine, theirs, sides);
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={t("differences")}
      description={t("differencesHint", { name: theirs.updated_by_name, version: theirs.version })}
    >
      {differences.length === 0 && !hasNames && <p className="text-ui">{t("noDifferences")}</p>}
      {differences.length + Number(hasNames) > 1 && (
        <div className="mb-2 flex flex-wrap gap-2">
          <Button onClick={() => all("theirs")} data-testid="all-theirs">
            {t("allTheirs")}
          </Button>
          <Button onClick={() => all("mine")} data-testid="all-mine">
            {t("allMine")}
          </Button>
        </div>
      )}
      <ul className="divide-y" data-testid="differences">
        {hasNames && (
          <li className="flex flex-wrap items-center gap-2 py-2 text-ui">
            <span className="min-w-0 flex-1 basis-40 wrap-anywhere" dir="auto">
              <span className="block font-medium">{t("name")}</span>
              <span className="block text-xs text-fg-2">
                {t("bothNames", { theirs: theirs.name, mine: mine.name })}
              </span>
            </span>
            <Badge tone="warn">{t("bothChanged")}</Badge>
            <Segmented
              label={t("sideOf", { title: t("name") })}
              testId="side-name"
              value={sides[NAME] ?? "mine"}
              onChange={(side) => setSides({ ...sides, [NAME]: side })}
              options={[
                { value: "theirs", label: t("theirs") },
                { value: "mine", label: t("mineSide") },
              ]}
            />
          </li>
        )}
        {differences.map((difference) => (
          <li key={difference.id} className="flex flex-wrap items-center gap-2 py-2 text-ui">
            <span className="min-w-0 flex-1 basis-40">
              <span className="block font-medium wrap-anywhere" dir="auto">
                {nameOf(difference, t)}
              </span>
              <span className="block text-xs text-fg-3">{whatChanged(difference, t)}</span>
            </span>
            {difference.changedBy === "both" && <Badge tone="warn">{t("bothChanged")}</Badge>}
            <Segmented
              label={t("sideOf", { title: nameOf(difference, t) })}
              testId={`side-${difference.id}`}
              value={sideOf(difference)}
              onChange={(side) => setSides({ ...sides, [difference.id]: side })}
              options={[
                { value: "theirs", label: t("theirs") },
                { value: "mine", label: t("mineSide") },
              ]}
            />
          </li>
        ))}
      </ul>
      <div className="mt-4 flex flex-wrap justify-end gap-2">
        <Button onClick={() => onTake(joined(), false)} data-testid="take-and-edit">
          {t("takeAndEdit")}
        </Button>
        <Button tone="primary" onClick={() => onTake(joined(), true)} data-testid="take-and-save">
          {t("saveOver", { version: theirs.version })}
        </Button>
      </div>
    </Dialog>
  );
}

function nameOf({ mine, theirs }: PanelDifference, t: Text): string {
  const panel = (mine ?? theirs)!;
  return panel.title || t(panel.kind);
}

function whatChanged({ mine, theirs, changedBy }: PanelDifference, t: Text): string {
  if (!theirs) return changedBy === "mine" ? t("youAdded") : t("theyRemoved");
  if (!mine) return changedBy === "theirs" ? t("theyAdded") : t("youRemoved");
  if (isOnlyMoved(mine, theirs)) return t("onlyMoved");
  if (changedBy === "both") return t("bothEdited");
  return changedBy === "mine" ? t("youEdited") : t("theyEdited");
}

function isOnlyMoved(a: Panel, b: Panel): boolean {
  const still = { x: 0, y: 0, w: 1, h: 1 };
  return (
    panelDifferences(empty([{ ...a, ...still }]), empty([{ ...a, ...still }]), empty([{ ...b, ...still }]))
      .length === 0
  );
}

function empty(panels: readonly Panel[]): BoardContent {
  return { name: "", shared: false, panels };
}
