"use client";
// Chooses the columns of the table. This browser remembers them.
import { Columns3 } from "lucide-react";
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { Menu, MenuCheckboxItem, MenuContent, MenuTrigger } from "@/components/menu";

/** The columns that can be hidden. */
export const COLUMNS = ["role", "state", "factor", "lastActive", "created", "updated"] as const;
export type Column = (typeof COLUMNS)[number];

type ColumnsMenuProps = { isHidden: (name: string) => boolean; onToggle: (name: string) => void };

export function ColumnsMenu({ isHidden, onToggle }: ColumnsMenuProps) {
  const t = useTranslations("users");
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button data-testid="columns">
          <Columns3 className="size-4" aria-hidden />
          {t("columns")}
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {COLUMNS.map((column) => (
          <MenuCheckboxItem
            key={column}
            checked={!isHidden(column)}
            onCheckedChange={() => onToggle(column)}
            data-testid={`column-${column}`}
          >
            {t(`columnNames.${column}`)}
          </MenuCheckboxItem>
        ))}
      </MenuContent>
    </Menu>
  );
}
