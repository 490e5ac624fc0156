"use client";
// The saved views of a page: opens one, and leads to saving and deleting.
import { useQuery } from "@tanstack/react-query";
import { Bookmark } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { lazyPart } from "@/components/lazy-part";
import {
  Menu,
  MenuContent,
  MenuItem,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "@/components/menu";
import type { ApiClient } from "@/lib/api/api-client";
import {
  savedViewsQuery,
  showsView,
  type SavedView,
  type Shown,
  type ViewPage,
} from "@/lib/lists/saved-views";
import type Dialog from "./saved-views-dialog";

// Its form is a large part of the code, and the list does not need it. `lazyPart` does not keep type parameters.
const SavedViewsDialog = lazyPart(() => import("./saved-views-dialog")) as unknown as typeof Dialog;

type SavedViewsMenuProps<P extends ViewPage> = {
  api: ApiClient;
  page: P;
  /** What the page shows. */
  shown: Shown<P>;
  onOpen: (view: SavedView<P>) => void;
};

export function SavedViewsMenu<P extends ViewPage>({ api, page, shown, onOpen }: SavedViewsMenuProps<P>) {
  const t = useTranslations("common.savedViews");
  const [isManaging, setManaging] = useState(false);
  const [isOpen, setOpen] = useState(false);
  // Asked for when the menu opens first: the list itself does not wait for it.
  const query = useQuery({ ...savedViewsQuery(api), enabled: isOpen });
  const views: readonly SavedView<P>[] = query.data?.[page] ?? [];
  const current = views.find((view) => showsView<P>(shown, view));
  return (
    <>
      <Menu open={isOpen} onOpenChange={setOpen}>
        <MenuTrigger asChild>
          <Button data-testid="saved-views" className="max-w-56">
            <Bookmark className="size-4 shrink-0" aria-hidden />
            <span className="truncate" dir="auto">
              {current?.name ?? t("title")}
            </span>
          </Button>
        </MenuTrigger>
        <MenuContent align="end" className="max-h-[60dvh] max-w-80 overflow-y-auto">
          {query.isError && <MenuLabel>{t("notLoaded")}</MenuLabel>}
          {query.isLoading && <MenuLabel>{t("loading")}</MenuLabel>}
          {query.data && views.length === 0 && <MenuLabel>{t("none")}</MenuLabel>}
          <MenuRadioGroup value={current?.name ?? ""} aria-label={t("title")}>
            {views.map((view) => (
              <MenuRadioItem
                key={view.name}
                value={view.name}
                onSelect={() => onOpen(view)}
                data-testid="saved-view"
              >
                <span className="truncate" dir="auto" title={view.name}>
                  {view.name}
                </span>
              </MenuRadioItem>
            ))}
          </MenuRadioGroup>
          <MenuSeparator />
          <MenuItem onSelect={() => setManaging(true)} data-testid="manage-views">
            {t("saveOrDelete")}
          </MenuItem>
        </MenuContent>
      </Menu>
      {isManaging && (
        <SavedViewsDialog api={api} page={page} shown={shown} onClose={() => setManaging(false)} />
      )}
    </>
  );
}
