"use client";
// The actions for the selected accounts, in the toolbar of the table.
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/menu";
import { BULK_ACTIONS, MOST_SELECTED, type BulkChange } from "./changes";

type BulkBarProps = {
  count: number;
  onChoose: (action: BulkChange["action"]) => void;
  onClear: () => void;
};

export function BulkBar({ count, onChoose, onClear }: BulkBarProps) {
  const t = useTranslations("users");
  const selection = useTranslations("common.selection");
  return (
    <div className="ml-auto flex flex-wrap items-center gap-2" role="group" aria-label={t("bulk.selection")}>
      <span className="text-ui text-fg-2" role="status" data-testid="selected-count">
        {count >= MOST_SELECTED ? selection("mostSelected", { count }) : t("bulk.selected", { count })}
      </span>
      <Button onClick={() => onChoose("set_role")} data-testid="bulk-set_role">
        {t("bulk.changeRole")}
      </Button>
      <Menu>
        <MenuTrigger asChild>
          <Button data-testid="bulk-more">{t("bulk.more")}</Button>
        </MenuTrigger>
        <MenuContent align="end">
          {BULK_ACTIONS.map((action) => (
            <MenuItem
              key={action}
              onSelect={() => onChoose(action)}
              data-testid={`bulk-${action}`}
              className={action === "delete" ? "text-crit" : undefined}
            >
              {t(`bulk.actions.${action}`)}
            </MenuItem>
          ))}
        </MenuContent>
      </Menu>
      <Button tone="ghost" onClick={onClear} data-testid="bulk-clear">
        {t("bulk.clear")}
      </Button>
    </div>
  );
}
