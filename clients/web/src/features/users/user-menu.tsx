"use client";
// The actions of one row.
import { useTranslations } from "next-intl";
import { Ellipsis } from "lucide-react";
import { Button } from "@/components/button";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/menu";
import type { User } from "@/contracts/http";
import type { PossibleAction, UserAction } from "./user-actions";

type UserMenuProps = {
  user: User;
  actions: readonly PossibleAction[];
  onAction: (action: UserAction) => void;
};

export function UserMenu({ user, actions, onAction }: UserMenuProps) {
  const t = useTranslations("users");
  if (actions.length === 0) return null;
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button
          tone="ghost"
          size="icon"
          aria-label={t("actionsForName", { name: user.name })}
          data-testid={`menu-${user.email}`}
        >
          <Ellipsis className="size-4" aria-hidden />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {actions.map(({ action, label, obstacle, isDestructive }) => (
          <MenuItem
            key={action}
            data-testid={`action-${action}`}
            disabled={obstacle !== null}
            onSelect={() => onAction(action)}
            className={isDestructive && !obstacle ? "text-crit" : undefined}
          >
            <span className="flex-1">{label}</span>
            {obstacle && <span className="text-2xs">{obstacle}</span>}
          </MenuItem>
        ))}
      </MenuContent>
    </Menu>
  );
}
