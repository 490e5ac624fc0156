"use client";
// Replaces the panels of a dashboard by the overview of a device. It can be undone.
import { useQueryClient } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import type { Device } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { DeviceList } from "../devices/device-list";
import type { Panel } from "./model";
import { overviewPanels } from "./overview";
import { overviewSeries } from "./queries";
import { useText } from "./text";

type ResetMenuProps = {
  api: ApiClient;
  devices: readonly Device[];
  onReset: (panels: readonly Panel[]) => void;
};

export function ResetMenu({ api, devices, onReset }: ResetMenuProps) {
  const t = useText();
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState("");
  const device = chosen || devices[0]?.id;
  const reset = async () => {
    if (!device) return;
    const members = await overviewSeries(api, client, device);
    onReset(overviewPanels(members, () => Math.random().toString(36).slice(2, 12)));
  };
  if (!device) return null;
  return (
    <>
      <Button
        tone="ghost"
        size="icon"
        aria-label={t("reset")}
        title={t("reset")}
        onClick={() => setOpen(true)}
        data-testid="reset-board"
      >
        <RotateCcw className="size-4" aria-hidden />
      </Button>
      {isOpen && (
        <ConfirmDialog
          title={t("reset")}
          action={t("resetAction")}
          busyAction={t("loading")}
          onConfirm={reset}
          onClose={() => setOpen(false)}
        >
          <div className="space-y-3">
            <p>{t("resetHint")}</p>
            <DeviceList
              devices={devices}
              selectedId={device}
              onSelect={setChosen}
              className="max-h-64 rounded-[7px] border p-1.5"
            />
          </div>
        </ConfirmDialog>
      )}
    </>
  );
}
