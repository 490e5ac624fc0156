"use client";
// The state of a device as a badge with its reason.
import { useTranslations } from "next-intl";
import { Radio, ShieldCheck } from "lucide-react";
import { Badge } from "@/components/badge";
import { When } from "@/components/when";
import { stateOf, type FleetDevice } from "./fleet-device";

export function DeviceStateBadge({ device }: { device: FleetDevice }) {
  const { tone, label } = stateOf(device);
  return <Badge tone={tone}>{label}</Badge>;
}

/** Why, and since when. */
export function DeviceStateNote({ device }: { device: FleetDevice }) {
  const { note, at } = stateOf(device);
  if (!note && !at) return null;
  return (
    <>
      {note} {at && <When at={at} />}
    </>
  );
}

/** What the system promises about the readings of a device. */
export function PromiseMark({ isPlain }: { isPlain: boolean }) {
  const t = useTranslations("devices");
  const Icon = isPlain ? Radio : ShieldCheck;
  return (
    <span
      className="inline-flex items-center gap-1.5 align-middle text-ui"
      title={isPlain ? t("thisDeviceSendsPlainJson") : t("eachReadingIsStoredExactly")}
    >
      <Icon className={isPlain ? "size-4 text-fg-3" : "size-4 text-ok"} aria-hidden />
      {isPlain ? t("plain") : t("ledger")}
    </span>
  );
}
