// The state of a device, as a colour and a word.
import type { Tone } from "@/components/badge";
import type { Device } from "@/contracts/http";

const STATES = {
  online: { tone: "ok", word: "online" },
  offline: { tone: "crit", word: "offline" },
  unknown: { tone: "neutral", word: "state unknown" },
} as const satisfies Record<string, { tone: Tone; word: string }>;

export function deviceState({ online }: Pick<Device, "online">) {
  if (online === null) return STATES.unknown;
  return online ? STATES.online : STATES.offline;
}
