// Which actions the state of a device and the permissions allow. Pure functions.
import { pageTexts } from "@/i18n/page-texts";
import type { Can } from "@/lib/permissions";
import type { FleetDevice } from "../fleet-device";

export type DeviceAction =
  "describe" | "code" | "rotate" | "password" | "disable" | "enable" | "lost" | "delete" | "erase";

export type PossibleAction = {
  readonly action: DeviceAction;
  readonly label: string;
  readonly isDestructive?: true;
};

export function actionsFor({ collector, telemetry, isPlain }: FleetDevice, can: Can): PossibleAction[] {
  const t = pageTexts("devices");
  const found: PossibleAction[] = [];
  if (collector && can("collectors.manage")) {
    const isEnabled = collector.state === "enabled";
    found.push({ action: "describe", label: t("editNameSiteAndTags") });
    if (isPlain && isEnabled) found.push({ action: "password", label: t("setANewPassword") });
    if (!isPlain && isEnabled && collector.enrolled_at)
      found.push({ action: "rotate", label: t("changeItsKeys") });
    if (!isPlain && collector.state !== "disabled")
      found.push({ action: "code", label: t("createAnEnrolmentCode") });
    if (isEnabled) found.push({ action: "disable", label: t("disable") });
    if (collector.state === "disabled") found.push({ action: "enable", label: t("enable") });
    if (!isPlain && collector.state !== "lost")
      found.push({ action: "lost", label: t("reportAsLost"), isDestructive: true });
    found.push({ action: "delete", label: t("delete"), isDestructive: true });
  }
  // While its account exists, the device would return with its next message.
  if (telemetry && !collector && can("collectors.read") && can("telemetry.delete"))
    found.push({ action: "erase", label: t("deleteAllReadings"), isDestructive: true });
  return found;
}
