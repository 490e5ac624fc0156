"use client";
// Adds a collector, or a plain MQTT device.
import { useTranslations } from "next-intl";
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

const KINDS = ["collector", "plain"] as const;

/** The dialog is open while it is rendered. */
export default function AddDeviceDialog({ api, onCreated, onClose }: AddDeviceDialogProps) {
  const t = useTranslations("devices");
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
      title={created ? t("connectTheDevice") : t("addADevice")}
      isLocked={created !== null}
    >
      {created?.kind === "collector" ? (
        <CodeView collector={created.collector} onClose={onClose} />
      ) : created?.kind === "plain" ? (
        <CredentialsView device={created.device} onClose={onClose} />
      ) : (
        <div className="space-y-4">
          <Segmented
            label={t("kind")}
            options={KINDS.map((value) => ({ value, label: t(`kinds.${value}`) }))}
            value={kind}
            onChange={setKind}
            testId="device-kind"
          />
          <p className="text-ui text-fg-2">
            {kind === "collector" ? t("aProgramOnAMachine") : t("aDeviceThatAlreadySpeaks")}
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
