// One device as the page shows it: what three services know about it, and its state in words. Pure functions.
import type { Tone } from "@/components/badge";
import type { Collector, Device, Mirror } from "@/contracts/http";

export type FleetDevice = {
  readonly id: string;
  readonly name: string;
  readonly site: string;
  readonly tags: readonly string[];
  readonly isPlain: boolean;
  /** Null until the first message. */
  readonly telemetry: Device | null;
  /** Null without the permission, and for a device that was deleted. */
  readonly collector: Collector | null;
  readonly mirror: Mirror | null;
};

export type DeviceState = {
  readonly tone: Tone;
  readonly label: string;
  /** Since when, or why. */
  readonly note?: string;
  /** The time that `note` needs, as ISO 8601. */
  readonly at?: string;
  readonly needsAttention: boolean;
};

/** Some readings are always in flight. Up to this many are not a backlog. */
export const USUAL_IN_FLIGHT = 1_000;

/** One entry for each device of any of the lists. A list that the account may not see is undefined. */
export function joinFleet(
  devices: readonly Device[],
  collectors: readonly Collector[] | undefined,
  mirrors: readonly Mirror[] | undefined,
): FleetDevice[] {
  const telemetry = new Map(devices.map((device) => [device.id, device]));
  const enrolments = new Map(
    collectors?.filter(({ state }) => state !== "deleted").map((collector) => [collector.id, collector]),
  );
  const copies = new Map(mirrors?.map((mirror) => [mirror.device, mirror]));
  return [...new Set([...telemetry.keys(), ...enrolments.keys()])].map((id) => {
    const [seen = null, collector = null] = [telemetry.get(id), enrolments.get(id)];
    return {
      id,
      // Whoever manages the collectors names them. A device names itself until then.
      name: collector?.name || seen?.name || id,
      site: collector?.site ?? "",
      tags: collector?.tags ?? [],
      isPlain: collector ? collector.kind === "plain" : seen?.promise === "at_least_once",
      telemetry: seen,
      collector,
      mirror: copies.get(id) ?? null,
    };
  });
}

/** The most important thing to know about a device. */
export function stateOf({ telemetry, collector, isPlain }: FleetDevice): DeviceState {
  if (collector?.state === "lost") return attention("crit", "Lost", "its keys are destroyed");
  if (collector?.state === "disabled") return calm("neutral", "Disabled", "keeps its readings");
  if (!telemetry) {
    if (collector && !isPlain && !collector.enrolled_at) {
      return collector.code_expires_at
        ? { ...calm("info", "Not enrolled", "code expires"), at: collector.code_expires_at }
        : attention("warn", "Not enrolled", "needs a code");
    }
    return calm("neutral", "No readings yet");
  }
  const seen = telemetry.last_seen_at ?? undefined;
  if (telemetry.cloned) return attention("warn", "Two machines", "use this identity");
  if (telemetry.online === false) return { ...attention("crit", "Offline", "since"), at: seen };
  if (telemetry.clock_suspect) return attention("warn", "Clock wrong");
  if ((telemetry.waiting ?? 0) > USUAL_IN_FLIGHT) return calm("info", "Catching up");
  if (telemetry.online === null)
    return seen ? { ...calm("neutral", "Seen"), at: seen } : calm("neutral", "Unknown");
  return calm("ok", "Online");
}

function calm(tone: Tone, label: string, note?: string): DeviceState {
  return { tone, label, note, needsAttention: false };
}

function attention(tone: Tone, label: string, note?: string): DeviceState {
  return { tone, label, note, needsAttention: true };
}

const MIRROR_STATES: Readonly<Record<Mirror["state"], { tone: Tone; label: string }>> = {
  in_sync: { tone: "ok", label: "In sync" },
  behind: { tone: "warn", label: "Behind" },
  never: { tone: "info", label: "Never synchronised" },
  rolled_back: { tone: "crit", label: "Rolled back" },
  wiped: { tone: "neutral", label: "Wiped" },
  unmanaged: { tone: "neutral", label: "Not managed" },
};

export function mirrorState({ state, behind }: Mirror): { tone: Tone; label: string } {
  const known = MIRROR_STATES[state];
  return state === "behind" ? { ...known, label: `Behind by ${behind.toLocaleString("en")}` } : known;
}
