"use client";
// The search of the top bar: its button, its shortcuts and its dialog. The list loads when it is first needed.
import clsx from "clsx";
import { Search } from "lucide-react";
import { useTranslations } from "next-intl";
import { useRouter } from "next/navigation";
import { useState, type ComponentType } from "react";
import { TopDialog } from "@/components/dialog";
import { Kbd } from "@/components/kbd";
import { SEARCH_BOX } from "@/components/search-box";
import { pageAt } from "@/lib/site-map";
import { Waiting } from "./waiting";
import type { PanelProps } from "./panel/panel";
import type { PaletteContext } from "./types";
import { useKeys } from "./use-keys";

type Panel = ComponentType<PanelProps>;

/** The code of the list, once it has arrived. */
let loaded: Panel | null = null;

async function loadPanel(): Promise<Panel> {
  loaded ??= (await import("./panel/panel")).Panel;
  return loaded;
}

export function Palette(context: PaletteContext) {
  const t = useTranslations("palette");
  const router = useRouter();
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [Panel, setPanel] = useState<Panel | null>(() => loaded);
  const [hasFailed, setFailed] = useState(false);
  const load = () => {
    setFailed(false);
    loadPanel().then(
      (panel) => setPanel(() => panel),
      () => setFailed(true),
    );
  };
  const open = () => {
    setText("");
    setOpen(true);
    load();
  };
  useKeys(
    () => {
      if (isOpen) setOpen(false);
      else if (!isDialogOpen()) open();
    },
    (href) => {
      if (context.can(pageAt(href).needs)) router.push(href);
    },
  );
  const shared = { text, onText: setText, onClose: () => setOpen(false) };
  return (
    <>
      <button
        type="button"
        data-testid="open-palette"
        aria-label={t("search")}
        aria-haspopup="dialog"
        aria-keyshortcuts="Control+K Meta+K"
        onClick={open}
        // The person is about to use it.
        onPointerEnter={() => void loadPanel().catch(() => undefined)}
        className={clsx(
          SEARCH_BOX,
          "flex items-center justify-center gap-2 rounded-[7px] text-ui text-fg-3 hover:text-fg-2 sm:justify-start sm:border sm:bg-surface-2 sm:px-2.5",
        )}
      >
        <Search className="size-4 shrink-0" aria-hidden />
        <span className="truncate max-sm:hidden">{t("searchBox")}</span>
        <span className="ml-auto flex gap-1 max-md:hidden">
          <Kbd>{isApple() ? "⌘" : t("ctrl")}</Kbd>
          <Kbd>K</Kbd>
        </span>
      </button>
      <TopDialog open={isOpen} onOpenChange={setOpen} title={t("search")}>
        {Panel ? (
          <Panel {...shared} context={context} />
        ) : (
          <Waiting {...shared} hasFailed={hasFailed} onRetry={load} />
        )}
      </TopDialog>
    </>
  );
}

/** True while a dialog is open. It may show something that is shown once, so nothing leads away from it. */
function isDialogOpen(): boolean {
  return document.querySelector("[data-modal], [role=alertdialog]") !== null;
}

function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
