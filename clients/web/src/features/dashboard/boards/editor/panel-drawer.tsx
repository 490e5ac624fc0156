"use client";
// The kinds of panels at the foot of the page. A press puts one into the first free place.
import { Plus, X } from "lucide-react";
import { Button } from "@/components/button";
import { KINDS, type PanelKind } from "../model";
import { useText } from "../text";
import { KIND_ICONS } from "./kind-icons";

type PanelDrawerProps = {
  isOpen: boolean;
  isFull: boolean;
  onOpen: (isOpen: boolean) => void;
  onAdd: (kind: PanelKind) => void;
  onDrag: (kind: PanelKind | null) => void;
};

export function PanelDrawer({ isOpen, isFull, onOpen, onAdd, onDrag }: PanelDrawerProps) {
  const t = useText();
  if (!isOpen) {
    return (
      <div className="sticky bottom-4 z-10 flex justify-center">
        <Button tone="primary" className="shadow-pop" onClick={() => onOpen(true)} data-testid="open-drawer">
          <Plus className="size-4" aria-hidden />
          {t("addPanel")}
        </Button>
      </div>
    );
  }
  return (
    <section
      aria-label={t("addPanel")}
      data-testid="panel-drawer"
      className="sticky bottom-0 z-10 -mx-4 -mb-4 border-t bg-surface px-4 pt-3 pb-4 lg:-mx-6 lg:-mb-6 lg:px-6"
    >
      <div className="mb-3 flex items-center gap-2">
        <h2 className="text-ui font-semibold">{t("addPanel")}</h2>
        <p className="min-w-0 text-xs text-fg-3">{isFull ? t("tooManyPanels") : t("addHint")}</p>
        <Button
          tone="ghost"
          size="icon"
          aria-label={t("closeDrawer")}
          className="ml-auto"
          onClick={() => onOpen(false)}
        >
          <X className="size-4" aria-hidden />
        </Button>
      </div>
      <ul className="grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-6">
        {KINDS.map(({ kind }) => {
          const Icon = KIND_ICONS[kind];
          return (
            <li key={kind}>
              <button
                type="button"
                disabled={isFull}
                draggable={!isFull}
                onDragStart={(event) => {
                  // Firefox starts a drag with data only.
                  event.dataTransfer.setData("text/plain", kind);
                  onDrag(kind);
                }}
                onDragEnd={() => onDrag(null)}
                onClick={() => onAdd(kind)}
                data-testid={`add-${kind}`}
                className="size-full rounded-[7px] border px-2.5 py-2 text-left hover:border-accent hover:bg-accent-soft disabled:cursor-not-allowed disabled:opacity-60"
              >
                <span className="flex items-center gap-2 text-ui font-medium">
                  <Icon className="size-4 shrink-0 text-fg-2" aria-hidden />
                  <span className="min-w-0 wrap-anywhere">{t(kind)}</span>
                </span>
                <span className="mt-1 block text-2xs text-fg-3">{t(`${kind}Hint`)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
