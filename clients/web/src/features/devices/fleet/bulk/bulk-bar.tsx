"use client";
// The actions for the selected devices, in the toolbar of the table.
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/menu";
import { MOST_SELECTED, type FleetAction } from "./changes";

type BulkBarProps = { count: number; onChoose: (action: FleetAction) => void; onClear: () => void };

const IN_MENU = ["remove_tag", "disable", "enable"] as const;

export function BulkBar({ count, onChoose, onClear }: BulkBarProps) {
  const t = useTranslations("devices.bulk");
  const selection = useTranslations("common.selection");
  return (
    <div className="ml-auto flex flex-wrap items-center gap-2" role="group" aria-label={t("selection")}>
      <span className="text-ui text-fg-2" role="status" data-testid="selected-count">
        {count >= MOST_SELECTED ? selection("mostSelected", { count }) : t("selected", { count })}
      </span>
      <Button onClick={() => onChoose("add_tag")} data-testid="bulk-add_tag">
        {t("actions.add_tag")}
      </Button>
      <Button onClick={() => onChoose("move")} data-testid="bulk-move">
        {t("actions.move")}
      </Button>
      <Menu>
        <MenuTrigger asChild>
          <Button data-testid="bulk-more">{t("more")}</Button>
        </MenuTrigger>
        <MenuContent align="end">
          {IN_MENU.map((action) => (
            <MenuItem
              key={action}
              onSelect={() => onChoose(action)}
              data-testid={`bulk-${action}`}
              className={action === "disable" ? "text-crit" : undefined}
            >
              {t(`actions.${action}`)}
            </MenuItem>
          ))}
        </MenuContent>
      </Menu>
      <Button tone="ghost" onClick={onClear} data-testid="bulk-clear">
        {t("clear")}
      </Button>
    </div>
  );
}
