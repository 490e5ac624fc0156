"use client";
// What an administrator can do with a device.
import { useTranslations } from "next-intl";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { lazyPart } from "@/components/lazy-part";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/menu";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { actionsFor, type DeviceAction } from "./actions-for";
import type { FleetDevice } from "../fleet-device";

const DeviceActionDialog = lazyPart(() => import("./device-action-dialog"));

type DeviceActionsProps = { api: ApiClient; can: Can; device: FleetDevice; onChanged: () => void };

export function DeviceActions({ api, can, device, onChanged }: DeviceActionsProps) {
  const t = useTranslations("devices");
  const [open, setOpen] = useState<DeviceAction | null>(null);
  const actions = actionsFor(device, can);
  return (
    <>
      {actions.length > 0 && (
        <Menu>
          <MenuTrigger asChild>
            <Button data-testid="device-menu">
              <Ellipsis className="size-4" aria-hidden />
              {t("manage")}
            </Button>
          </MenuTrigger>
          <MenuContent align="end">
            {actions.map(({ action, label, isDestructive }) => (
              <MenuItem
                key={action}
                data-testid={`action-${action}`}
                onSelect={() => setOpen(action)}
                className={isDestructive ? "text-crit" : undefined}
              >
                {label}
              </MenuItem>
            ))}
          </MenuContent>
        </Menu>
      )}
      {open && (
        <DeviceActionDialog
          api={api}
          device={device}
          action={open}
          onChanged={onChanged}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}
