"use client";
// The dialog of one action for one device.
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Dialog } from "@/components/dialog";
import { TypedConfirmDialog } from "@/components/typed-confirm-dialog";
import type { CollectorWithCode, PlainCredentials } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import type { DeviceAction } from "./actions-for";
import { CodeView, CredentialsView } from "./credentials-view";
import { DescribeDialog } from "./describe-dialog";
import { EraseDialog } from "./erase-dialog";
import type { FleetDevice } from "./fleet-device";

type DeviceActionDialogProps = {
  api: ApiClient;
  device: FleetDevice;
  action: DeviceAction;
  onChanged: () => void;
  onClose: () => void;
};

/** The dialog is open while it is rendered. */
export function DeviceActionDialog({ api, device, action, onChanged, onClose }: DeviceActionDialogProps) {
  const [code, setCode] = useState<CollectorWithCode | null>(null);
  const [credentials, setCredentials] = useState<PlainCredentials | null>(null);
  const path = { id: device.id };
  const changed = async (change: Promise<unknown>) => {
    await change;
    onChanged();
  };
  if (code || credentials) {
    return (
      <Dialog open onOpenChange={(open) => !open && onClose()} title="Connect the device" isLocked>
        {code && <CodeView collector={code} onClose={onClose} />}
        {credentials && <CredentialsView device={credentials} onClose={onClose} />}
      </Dialog>
    );
  }
  switch (action) {
    case "describe":
      return <DescribeDialog api={api} id={device.id} onSaved={onChanged} onClose={onClose} />;
    case "erase":
      return <EraseDialog api={api} device={device} onDone={onChanged} onClose={onClose} />;
    case "code":
      return (
        <ConfirmDialog
          title="Create an enrolment code?"
          action="Create code"
          busyAction="Creating…"
          closesItself={false}
          onConfirm={() => changed(api.post("/api/collectors/{id}/enrolment-code", { path }).then(setCode))}
          onClose={onClose}
        >
          A machine that uses this code becomes {device.name}. An earlier code becomes invalid.
        </ConfirmDialog>
      );
    case "rotate":
      return (
        <ConfirmDialog
          title={`Change the keys of ${device.name}?`}
          action="Create code"
          busyAction="Creating…"
          closesItself={false}
          onConfirm={() =>
            changed(api.post("/api/collectors/{id}/rotate", { path, body: { cut_off: false } }).then(setCode))
          }
          onClose={onClose}
        >
          This creates a code for new keys. The old keys work until the code is used. If somebody else may
          know the old keys, report the collector as lost instead.
        </ConfirmDialog>
      );
    case "password":
      return (
        <ConfirmDialog
          title={`Set a new password for ${device.name}?`}
          action="Set password"
          busyAction="Setting…"
          closesItself={false}
          onConfirm={() =>
            changed(api.post("/api/collectors/{id}/credentials", { path }).then(setCredentials))
          }
          onClose={onClose}
        >
          The old password becomes invalid at once. The device sends nothing until it has the new one.
        </ConfirmDialog>
      );
    case "disable":
      return (
        <ConfirmDialog
          title={`Disable ${device.name}?`}
          action="Disable"
          busyAction="Disabling…"
          onConfirm={() => changed(api.post("/api/collectors/{id}/disable", { path }))}
          onClose={onClose}
        >
          {device.isPlain
            ? "The device is disconnected. What it measures meanwhile is lost, because it keeps nothing."
            : "The collector is disconnected. It keeps its readings and delivers them when you enable it again."}
        </ConfirmDialog>
      );
    case "enable":
      return (
        <ConfirmDialog
          title={`Enable ${device.name}?`}
          action="Enable"
          busyAction="Enabling…"
          onConfirm={() => changed(api.post("/api/collectors/{id}/enable", { path }))}
          onClose={onClose}
        >
          It can connect again.
        </ConfirmDialog>
      );
    case "lost":
      return (
        <TypedConfirmDialog
          title={`Report ${device.name} as lost?`}
          expected={device.id}
          action="Report as lost"
          busyAction="Reporting…"
          onConfirm={() => changed(api.post("/api/collectors/{id}/lost", { path }))}
          onClose={onClose}
        >
          It is disconnected, its keys are destroyed, and its copy of the accounts is wiped when it connects.
          It can only be enrolled again or deleted. Readings that it has not delivered may be lost.
        </TypedConfirmDialog>
      );
    case "delete":
      return (
        <TypedConfirmDialog
          title={`Delete ${device.name}?`}
          expected={device.id}
          action="Delete"
          busyAction="Deleting…"
          onConfirm={async () => {
            const { etag } = await api.getTagged("/api/collectors/{id}", { path });
            await changed(api.delete("/api/collectors/{id}", { path, ifMatch: etag }));
          }}
          onClose={onClose}
        >
          It is disconnected and its keys are destroyed. The readings that it has delivered stay.
        </TypedConfirmDialog>
      );
  }
}
