"use client";
// Adds a collector, or a plain MQTT device.
import { useState } from "react";
import { Dialog } from "@/components/dialog";
import { Segmented } from "@/components/segmented";
import type { CollectorWithCode, PlainCredentials } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { CollectorForm } from "./collector-form";
import { CodeView, CredentialsView } from "./credentials-view";
import { PlainForm } from "./plain-form";

type AddDeviceDialogProps = { api: ApiClient; onCreated: () => void; onClose: () => void };

type Created =
  { kind: "collector"; collector: CollectorWithCode } | { kind: "plain"; device: PlainCredentials };

const KINDS = [
  { value: "collector", label: "Collector" },
  { value: "plain", label: "Plain MQTT device" },
] as const;

/** The dialog is open while it is rendered. */
export function AddDeviceDialog({ api, onCreated, onClose }: AddDeviceDialogProps) {
  const [kind, setKind] = useState<"collector" | "plain">("collector");
  const [created, setCreated] = useState<Created | null>(null);
  const finish = (result: Created) => {
    setCreated(result);
    onCreated();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={created ? "Connect the device" : "Add a device"}
      isLocked={created !== null}
    >
      {created?.kind === "collector" ? (
        <CodeView collector={created.collector} onClose={onClose} />
      ) : created?.kind === "plain" ? (
        <CredentialsView device={created.device} onClose={onClose} />
      ) : (
        <div className="space-y-4">
          <Segmented label="Kind" options={KINDS} value={kind} onChange={setKind} testId="device-kind" />
          <p className="text-ui text-fg-2">
            {kind === "collector"
              ? "A program on a machine. It stores readings on its disk first, so a network failure loses none."
              : "A device that already speaks MQTT and sends JSON, such as Tasmota or ESPHome. It keeps nothing itself."}
          </p>
          {kind === "collector" ? (
            <CollectorForm
              api={api}
              onCreated={(collector) => finish({ kind: "collector", collector })}
              onCancel={onClose}
            />
          ) : (
            <PlainForm
              api={api}
              onCreated={(device) => finish({ kind: "plain", device })}
              onCancel={onClose}
            />
          )}
        </div>
      )}
    </Dialog>
  );
}
