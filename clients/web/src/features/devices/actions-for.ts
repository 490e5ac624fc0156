// Which actions the state of a device and the permissions allow. Pure functions.
import type { Can } from "@/lib/permissions";
import type { FleetDevice } from "./fleet-device";

export type DeviceAction =
  "describe" | "code" | "rotate" | "password" | "disable" | "enable" | "lost" | "delete" | "erase";

export type PossibleAction = {
  readonly action: DeviceAction;
  readonly label: string;
  readonly isDestructive?: true;
};

export function actionsFor({ collector, telemetry, isPlain }: FleetDevice, can: Can): PossibleAction[] {
  const found: PossibleAction[] = [];
  if (collector && can("collectors.manage")) {
    const isEnabled = collector.state === "enabled";
    found.push({ action: "describe", label: "Edit name, site and tags" });
    if (isPlain && isEnabled) found.push({ action: "password", label: "Set a new password" });
    if (!isPlain && isEnabled && collector.enrolled_at)
      found.push({ action: "rotate", label: "Change its keys" });
    if (!isPlain && collector.state !== "disabled")
      found.push({ action: "code", label: "Create an enrolment code" });
    if (isEnabled) found.push({ action: "disable", label: "Disable" });
    if (collector.state === "disabled") found.push({ action: "enable", label: "Enable" });
    if (!isPlain && collector.state !== "lost")
      found.push({ action: "lost", label: "Report as lost", isDestructive: true });
    found.push({ action: "delete", label: "Delete", isDestructive: true });
  }
  // While its account exists, the device would return with its next message.
  if (telemetry && !collector && can("collectors.read") && can("telemetry.delete"))
    found.push({ action: "erase", label: "Delete all readings", isDestructive: true });
  return found;
}
