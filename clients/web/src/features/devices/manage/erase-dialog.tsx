"use client";
// Deletes a device with all its readings. Says first how many there are.
import { useTranslations } from "next-intl";
import { useQuery } from "@tanstack/react-query";
import { TypedConfirmDialog } from "@/components/typed-confirm-dialog";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import type { FleetDevice } from "../fleet-device";

type EraseDialogProps = { api: ApiClient; device: FleetDevice; onDone: () => void; onClose: () => void };

/** The dialog is open while it is rendered. */
export function EraseDialog({ api, device, onDone, onClose }: EraseDialogProps) {
  const t = useTranslations("devices");
  const erase = (dry_run: boolean) =>
    api.delete("/api/telemetry/devices/{device}", { path: { device: device.id }, query: { dry_run } });
  const trial = useQuery({ queryKey: ["erase", device.id], queryFn: () => erase(true), gcTime: 0 });
  return (
    <TypedConfirmDialog
      title={t("deleteAllReadingsOfName", { name: device.name })}
      expected={device.id}
      action={t("deleteReadings")}
      busyAction={t("deleting")}
      onConfirm={async () => {
        await erase(false);
        onDone();
      }}
      onClose={onClose}
    >
      {trial.data
        ? t("deletesReadings", { readings: trial.data.readings, series: trial.data.series })
        : trial.error
          ? explain(trial.error)
          : t("countingTheReadings")}
    </TypedConfirmDialog>
  );
}
