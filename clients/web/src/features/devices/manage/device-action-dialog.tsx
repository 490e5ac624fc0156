"use client";
// The dialog of one action for one device.
import { useTranslations } from "next-intl";
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
import type { FleetDevice } from "../fleet-device";

type DeviceActionDialogProps = {
  api: ApiClient;
  device: FleetDevice;
  action: DeviceAction;
  onChanged: () => void;
  onClose: () => void;
};

/** The dialog is open while it is rendered. */
export default function DeviceActionDialog({
  api,
  device,
  action,
  onChanged,
  onClose,
}: DeviceActionDialogProps) {
  const t = useTranslations("devices");
  const [code, setCode] = useState<CollectorWithCode | null>(null);
  const [credentials, setCredentials] = useState<PlainCredentials | null>(null);
  const path = { id: device.id };
  const changed = async (change: Promise<unknown>) => {
    await change;
    onChanged();
  };
  if (code || credentials) {
    return (
      <Dialog open onOpenChange={(open) => !open && onClose()} title={t("connectTheDevice")} isLocked>
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
          title={t("createAnEnrolmentCode2")}
          action={t("createCode")}
          busyAction={t("creating")}
          closesItself={false}
          onConfirm={() => changed(api.post("/api/collectors/{id}/enrolment-code", { path }).then(setCode))}
          onClose={onClose}
        >
          {t("aMachineThatUsesThis", { name: device.name })}
        </ConfirmDialog>
      );
    case "rotate":
      return (
        <ConfirmDialog
          title={t("changeTheKeysOfName", { name: device.name })}
          action={t("createCode")}
          busyAction={t("creating")}
          closesItself={false}
          onConfirm={() =>
            changed(api.post("/api/collectors/{id}/rotate", { path, body: { cut_off: false } }).then(setCode))
          }
          onClose={onClose}
        >
          {t("thisCreatesACodeFor")}
        </ConfirmDialog>
      );
    case "password":
      return (
        <ConfirmDialog
          title={t("setANewPasswordFor", { name: device.name })}
          action={t("setPassword")}
          busyAction={t("setting")}
          closesItself={false}
          onConfirm={() =>
            changed(api.post("/api/collectors/{id}/credentials", { path }).then(setCredentials))
          }
          onClose={onClose}
        >
          {t("theOldPasswordBecomesInvalid")}
        </ConfirmDialog>
      );
    case "disable":
      return (
        <ConfirmDialog
          title={t("disableName", { name: device.name })}
          action={t("disable")}
          busyAction={t("disabling")}
          onConfirm={() => changed(api.post("/api/collectors/{id}/disable", { path }))}
          onClose={onClose}
        >
          {device.isPlain ? t("theDeviceIsDisconnectedWhat") : t("theCollectorIsDisconnectedIt")}
        </ConfirmDialog>
      );
    case "enable":
      return (
        <ConfirmDialog
          title={t("enableName", { name: device.name })}
          action={t("enable")}
          busyAction={t("enabling")}
          onConfirm={() => changed(api.post("/api/collectors/{id}/enable", { path }))}
          onClose={onClose}
        >
          {t("itCanConnectAgain")}
        </ConfirmDialog>
      );
    case "lost":
      return (
        <TypedConfirmDialog
          title={t("reportNameAsLost", { name: device.name })}
          expected={device.id}
          action={t("reportAsLost")}
          busyAction={t("reporting")}
          onConfirm={() => changed(api.post("/api/collectors/{id}/lost", { path }))}
          onClose={onClose}
        >
          {t("itIsDisconnectedItsKeys")}
        </TypedConfirmDialog>
      );
    case "delete":
      return (
        <TypedConfirmDialog
          title={t("deleteName", { name: device.name })}
          expected={device.id}
          action={t("delete")}
          busyAction={t("deleting")}
          onConfirm={async () => {
            const { etag } = await api.getTagged("/api/collectors/{id}", { path });
            await changed(api.delete("/api/collectors/{id}", { path, ifMatch: etag }));
          }}
          onClose={onClose}
        >
          {t("itIsDisconnectedAndIts")}
        </TypedConfirmDialog>
      );
  }
}
