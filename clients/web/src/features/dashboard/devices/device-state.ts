// The state of a device, as a colour. The words are in `dashboard.states`.
import type { Tone } from "@/components/badge";
import type { Device } from "@/contracts/http";

const TONES = { online: "ok", offline: "crit", unknown: "neutral" } as const satisfies Record<string, Tone>;

export type DeviceStateName = keyof typeof TONES;

export function deviceState({ online }: Pick<Device, "online">): { name: DeviceStateName; tone: Tone } {
  const name = online === null ? "unknown" : online ? "online" : "offline";
  return { name, tone: TONES[name] };
}
