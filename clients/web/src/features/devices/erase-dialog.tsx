"use client";
// Deletes a device with all its readings. Says first how many there are.
import { useQuery } from "@tanstack/react-query";
import { TypedConfirmDialog } from "@/components/typed-confirm-dialog";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import type { FleetDevice } from "./fleet-device";

type EraseDialogProps = { api: ApiClient; device: FleetDevice; onDone: () => void; onClose: () => void };

/** The dialog is open while it is rendered. */
export function EraseDialog({ api, device, onDone, onClose }: EraseDialogProps) {
  const erase = (dry_run: boolean) =>
    api.delete("/api/telemetry/devices/{device}", { path: { device: device.id }, query: { dry_run } });
  const trial = useQuery({ queryKey: ["erase", device.id], queryFn: () => erase(true), gcTime: 0 });
  return (
    <TypedConfirmDialog
      title={`Delete all readings of ${device.name}?`}
      expected={device.id}
      action="Delete readings"
      busyAction="Deleting…"
      onConfirm={async () => {
        await erase(false);
        onDone();
      }}
      onClose={onClose}
    >
      {trial.data
        ? `This deletes ${trial.data.readings.toLocaleString("en")} readings of ${trial.data.series.toLocaleString("en")} series for good.`
        : trial.error
          ? explain(trial.error)
          : "Counting the readings…"}
    </TypedConfirmDialog>
  );
}
