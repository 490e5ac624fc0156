"use client";
// Chooses the columns of a table. This browser remembers them.
import { Columns3 } from "lucide-react";
import { useTranslations } from "next-intl";
import { Button } from "./button";
import { Menu, MenuCheckboxItem, MenuContent, MenuTrigger } from "./menu";

type ColumnsMenuProps<Column extends string> = {
  /** The columns that can be hidden. */
  columns: readonly { readonly id: Column; readonly label: string }[];
  isHidden: (column: string) => boolean;
  onToggle: (column: string) => void;
};

export function ColumnsMenu<Column extends string>({
  columns,
  isHidden,
  onToggle,
}: ColumnsMenuProps<Column>) {
  const t = useTranslations("common");
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button data-testid="columns">
          <Columns3 className="size-4" aria-hidden />
          {t("columns")}
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {columns.map(({ id, label }) => (
          <MenuCheckboxItem
            key={id}
            checked={!isHidden(id)}
            onCheckedChange={() => onToggle(id)}
            data-testid={`column-${id}`}
          >
            {label}
          </MenuCheckboxItem>
        ))}
      </MenuContent>
    </Menu>
  );
}
