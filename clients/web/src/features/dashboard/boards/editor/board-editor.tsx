"use client";
// A dashboard while it is edited. Loaded when somebody edits, so that watching needs none of it.
import { Redo2, Undo2 } from "lucide-react";
import { useEffect, useEffectEvent, useMemo, useRef, useState, type ReactNode } from "react";
import { Avatar } from "@/components/avatar";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { FormProblem } from "@/components/form/form-problem";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { isOutdated } from "@/lib/forms/use-versioned-form";
import { forgetBoardDraft, useEditing, type Base } from "../editing";
import { compact, firstFree, inReadingOrder, movePanel, resizePanel, withPlaces } from "../layout";
import {
  kindOf,
  MOST,
  newPanel,
  type Board,
  type BoardContent,
  type Panel,
  type PanelKind,
  type Place,
} from "../model";
import type { PanelSurroundings } from "../panels/panel-view";
import { cleanLine, problemsOf, tidy } from "../problems";
import { contentOf, type BoardActions } from "../queries";
import { useText } from "../text";
import { useLeaveGuard } from "../use-leave-guard";
import { useIsNarrow } from "../use-is-narrow";
import { newId } from "./new-id";
import { EditGrid, placeValues, type GridActions } from "./edit-grid";
import { PanelDrawer } from "./panel-drawer";
import { PanelSheet } from "./panel-sheet";
import { VersionDialog } from "./version-dialog";

export type BoardEditorProps = Omit<PanelSurroundings, "onChoose"> & {
  api: ApiClient;
  /** The name of the draft, with the account and the dashboard. */
  draft: string;
  /** The id of the dashboard; null for one that was never saved. */
  id: string | null;
  loaded: Base;
  /** What a new dashboard starts with. */
  start?: BoardContent;
  /** The newest stored version: somebody else may have saved since. */
  newest: { board: Board; etag: string } | null;
  actions: BoardActions;
  /** Says which series are shown, so that the feed can load them. */
  onPanels: (panels: readonly Panel[]) => void;
  /** More actions, such as the reset to the overview of a device. */
  renderTools?: (replace: (panels: readonly Panel[]) => void) => ReactNode;
  onSaved: (id: string) => void;
  /** Ends the editing without saving. */
  onClose: () => void;
};

export default function BoardEditor({
  api,
  draft,
  id,
  loaded,
  start,
  newest,
  actions,
  onPanels,
  renderTools,
  onSaved,
  onClose,
  ...surroundings
}: BoardEditorProps) {
  const t = useText();
  const editing = useEditing(draft, loaded, start);
  const { content, base, changes, edit } = editing;
  const isNarrow = useIsNarrow();
  const [selected, setSelected] = useState<string | null>(null);
  const [isDrawerOpen, setDrawerOpen] = useState(content.panels.length === 0);
  const [dragged, setDragged] = useState<PanelKind | null>(null);
  const [spoken, setSpoken] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isComparing, setComparing] = useState(false);
  const [isDiscarding, setDiscarding] = useState(false);
  const [keyOf] = useState(idempotencyKeys);
  const sheet = useRef<HTMLElement>(null);
  const leaveQuestion = useLeaveGuard(changes > 0);
  const panel = content.panels.find((one) => one.id === selected) ?? null;
  const theirs = newest && base.version !== null && newest.board.version > base.version ? newest : null;

  useEffect(() => onPanels(content.panels), [content.panels, onPanels]);

  const setPanels = (next: (panels: readonly Panel[]) => readonly Panel[], mark?: string) =>
    edit((now) => {
      const panels = next(now.panels);
      return panels === now.panels ? now : { ...now, panels: [...panels] };
    }, mark);

  /** Closes the sheet unless a field in it is wrong. Then that field gets the focus. `isLast`: no other sheet follows. */
  const closeSheet = (isLast = true): boolean => {
    const wrong = sheet.current?.querySelector<HTMLElement>("[aria-invalid]");
    if (wrong) {
      wrong.focus();
      return false;
    }
    const shown = selected;
    setSelected(null);
    if (shown !== null && isLast) requestAnimationFrame(() => focusPanel(shown));
    return true;
  };

  const add = (made: Panel) => {
    setPanels((panels) => compact([...panels, made], made.id));
    setSelected(made.id);
    if (isNarrow) setDrawerOpen(false);
    setSpoken(t("added", placeValues(made, t(made.kind))));
  };
  const addKind = (kind: PanelKind, place?: Place) => {
    const [w, h] = kindOf(kind).size;
    const labels = { on: t("on"), off: t("off") };
    add(newPanel(kind, newId(), place ?? firstFree(content.panels, w, h), labels));
  };
  const duplicate = (of: string) => {
    const original = content.panels.find((one) => one.id === of);
    if (!original || content.panels.length >= MOST.panels) return;
    add({ ...original, id: newId(), ...firstFree(content.panels, original.w, original.h) });
  };
  const remove = (of: string) => {
    const removed = content.panels.find((one) => one.id === of);
    const rest = inReadingOrder(content.panels.filter((one) => one.id !== of));
    setPanels((panels) => compact(panels.filter((one) => one.id !== of)));
    setSelected(null);
    setSpoken(t("removed", { title: removed?.title || t(removed?.kind ?? "text") }));
    requestAnimationFrame(() => focusPanel(rest[0]?.id ?? null));
  };
  const moved = (next: readonly Panel[], of: string) => {
    const after = next.find((one) => one.id === of);
    setPanels(() => next);
    if (after) setSpoken(t("placeOf", placeValues(after, after.title || t(after.kind))));
  };

  const grid: GridActions = {
    onSelect: (of, byKey) => {
      if (!closeSheet(false)) return;
      setSelected(of);
      if (byKey) requestAnimationFrame(() => focusFirstField(sheet.current));
    },
    onMove: (of, direction) => moved(movePanel(content.panels, of, direction), of),
    onResize: (of, direction) => moved(resizePanel(content.panels, of, direction), of),
    onPlaces: (layout) => setPanels((panels) => withPlaces(panels, layout)),
    onDrop: (kind, place) => {
      setDragged(null);
      addKind(kind, place);
    },
    onDuplicate: duplicate,
    onRemove: remove,
  };

  const save = async (mine: BoardContent, on: Base) => {
    if (isBusy) return;
    const [first] = problemsOf(mine);
    if (first) {
      setProblem(t(first.text));
      if (first.panel !== null) setSelected(first.panel);
      return;
    }
    setBusy(true);
    setProblem(null);
    const saved = tidy(mine);
    try {
      if (id === null || on.etag === null) {
        const made = await actions.create(saved, keyOf(saved));
        forgetBoardDraft(draft);
        onSaved(made.id);
      } else {
        await actions.save(id, saved, on.etag);
        forgetBoardDraft(draft);
        onSaved(id);
      }
    } catch (error) {
      setBusy(false);
      if (!isOutdated(error) || id === null) return setProblem(explain(error));
      // Somebody else has saved. The dialog shows what differs, and nothing typed is lost.
      await actions.reload(id).then(
        () => setComparing(true),
        (failure: unknown) => setProblem(explain(failure)),
      );
    }
  };
  const trySave = () => {
    if (!closeSheet()) return;
    if (theirs) setComparing(true);
    else void save(content, base);
  };
  const discard = () => {
    forgetBoardDraft(draft);
    onClose();
  };

  useUndoKeys(editing.undo, editing.redo);

  const surroundingsOfPanels = useMemo(
    () => surroundings,
    // Each member is stable while nothing changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [surroundings.feed, surroundings.seriesById, surroundings.devices, surroundings.rangeUs],
  );

  return (
    // What is typed while a save is under way would be in no version, so nothing can be typed then.
    <div inert={isBusy} className={panel ? "space-y-4 lg:mr-[22.5rem]" : "space-y-4"}>
      <header className="flex flex-wrap items-end gap-x-4 gap-y-3">
        <div className="min-w-0 flex-1 basis-72">
          <div className="flex flex-wrap items-center gap-2">
            <h1 className="min-w-0">
              <input
                aria-label={t("name")}
                data-testid="board-name"
                dir="auto"
                maxLength={MOST.name}
                value={content.name}
                aria-invalid={content.name.trim() === "" || undefined}
                onChange={({ target }) => edit((now) => ({ ...now, name: cleanLine(target.value) }), "name")}
                className="field-sizing-content max-w-full min-w-32 rounded-[7px] border border-transparent bg-transparent px-1 text-[20px] leading-7 font-semibold tracking-[-0.015em] outline-none hover:border-border-strong focus-visible:border-accent focus-visible:bg-surface aria-invalid:border-crit"
              />
            </h1>
            <Badge tone="info">{t("editing")}</Badge>
          </div>
          <p className="px-1 text-ui text-fg-2" data-testid="edit-summary">
            {content.shared ? t("sharedWithAll") : t("private")} ·{" "}
            {changes === 0 && id !== null ? t("noChanges") : t("changes", { count: changes })}
          </p>
        </div>
        <div className="flex flex-wrap items-center gap-2">
          <Button
            tone="ghost"
            size="icon"
            aria-label={t("undo")}
            title={t("undo")}
            disabled={!editing.undo}
            onClick={() => editing.undo?.()}
            data-testid="undo"
          >
            <Undo2 className="size-4" aria-hidden />
          </Button>
          <Button
            tone="ghost"
            size="icon"
            aria-label={t("redo")}
            title={t("redo")}
            disabled={!editing.redo}
            onClick={() => editing.redo?.()}
            data-testid="redo"
          >
            <Redo2 className="size-4" aria-hidden />
          </Button>
          {renderTools?.((panels) => {
            setSelected(null);
            setPanels(() => panels);
          })}
          <Button onClick={() => (changes > 0 ? setDiscarding(true) : discard())} data-testid="discard">
            {changes > 0 ? t("discard") : t("stopEditing")}
          </Button>
          <Button tone="primary" disabled={isBusy} onClick={trySave} data-testid="save">
            {isBusy ? t("saving") : t("save")}
          </Button>
        </div>
      </header>
      <FormProblem testId="board-problem">{problem}</FormProblem>
      {editing.wasRestored && changes > 0 && (
        <p
          role="status"
          className="rounded-[7px] bg-info-soft px-3 py-2 text-ui text-info"
          data-testid="restored"
        >
          {t("restored")}
        </p>
      )}
      {theirs && (
        <div
          role="alert"
          data-testid="newer-version"
          className="flex flex-wrap items-center gap-3 rounded-[7px] bg-info-soft px-3 py-2 text-ui text-info"
        >
          <Avatar name={theirs.board.updated_by_name} />
          <span className="min-w-0 flex-1 wrap-anywhere">
            {t("newerVersion", { name: theirs.board.updated_by_name, version: theirs.board.version })}
          </span>
          <button
            type="button"
            className="rounded font-medium hover:underline"
            onClick={() => setComparing(true)}
            data-testid="show-differences"
          >
            {t("showDifferences")}
          </button>
        </div>
      )}
      {content.panels.length === 0 && (
        <p className="rounded-[10px] border border-dashed px-4 py-10 text-center text-ui text-fg-2">
          {t("emptyHint")}
        </p>
      )}
      <EditGrid
        {...surroundingsOfPanels}
        {...grid}
        panels={content.panels}
        selected={selected}
        dragged={dragged}
        isNarrow={isNarrow}
      />
      <p role="status" aria-live="polite" className="sr-only" data-testid="spoken">
        {spoken}
      </p>
      <PanelDrawer
        isOpen={isDrawerOpen}
        isFull={content.panels.length >= MOST.panels}
        onOpen={setDrawerOpen}
        onAdd={(kind) => closeSheet(false) && addKind(kind)}
        onDrag={setDragged}
      />
      {panel && (
        <PanelSheet
          api={api}
          sheetRef={sheet}
          panel={panel}
          series={surroundings.seriesById}
          devices={surroundings.devices}
          onChange={(changed, mark) =>
            setPanels(
              (panels) =>
                compact(
                  panels.map((one) => (one.id === changed.id ? changed : one)),
                  changed.id,
                ),
              mark,
            )
          }
          onDuplicate={() => duplicate(panel.id)}
          onRemove={() => remove(panel.id)}
          onClose={closeSheet}
        />
      )}
      {isComparing && newest && (
        <VersionDialog
          base={base.content}
          mine={content}
          theirs={newest.board}
          onTake={(joined, isSaving) => {
            const { board, etag } = newest;
            const newBase = { content: contentOf(board), etag, version: board.version };
            setComparing(false);
            editing.rebase(joined, newBase);
            if (isSaving) void save(joined, newBase);
          }}
          onClose={() => setComparing(false)}
        />
      )}
      {isDiscarding && (
        <ConfirmDialog
          title={t("discardTitle")}
          action={t("discard")}
          busyAction={t("discard")}
          onConfirm={async () => discard()}
          onClose={() => setDiscarding(false)}
        >
          {t("discardHint", { count: changes })}
        </ConfirmDialog>
      )}
      {leaveQuestion}
    </div>
  );
}

function focusFirstField(sheet: HTMLElement | null): void {
  sheet?.querySelector<HTMLElement>("input, textarea, select")?.focus();
}

function focusPanel(id: string | null): void {
  const target = id === null ? null : document.getElementById(`edit-${id}`);
  (target ?? document.getElementById("main"))?.focus();
}

/** Ctrl+Z and Ctrl+Shift+Z, except in fields, which have their own undo. */
function useUndoKeys(undo: (() => void) | null, redo: (() => void) | null): void {
  const pressed = useEffectEvent((event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    if (event.target instanceof Element && event.target.closest("input, textarea, [role=dialog]")) return;
    event.preventDefault();
    (event.shiftKey ? redo : undo)?.();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => pressed(event);
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
