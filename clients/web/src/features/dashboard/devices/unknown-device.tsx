"use client";
// Shown when the address names an unknown device. Lists the known ones.
import { useTranslations } from "next-intl";
import { SearchX } from "lucide-react";
import { NoticeState } from "@/components/notice-state";
import type { Device } from "@/contracts/http";
import type { Backlogs } from "@/lib/readings/backlog";
import { DeviceList } from "./device-list";

type UnknownDeviceProps = {
  id: string;
  backlogs: Backlogs;
  devices: readonly Device[];
  onSelect: (id: string) => void;
};

export function UnknownDevice({ id, backlogs, devices, onSelect }: UnknownDeviceProps) {
  const t = useTranslations("dashboard");
  return (
    <NoticeState
      icon={SearchX}
      title={t("thereIsNoDeviceId", { id })}
      tone="warn"
      role="alert"
      className="wrap-anywhere"
      action={
        <DeviceList
          backlogs={backlogs}
          devices={devices}
          selectedId={null}
          onSelect={onSelect}
          className="max-h-[26rem] w-full max-w-sm rounded-[10px] border bg-surface p-1.5"
        />
      }
    >
      {t("checkTheAddressOrChoose")}
    </NoticeState>
  );
}
