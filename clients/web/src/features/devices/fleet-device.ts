// One device as the page shows it: what three services know about it, and its state in words. Pure functions.
import { pageTexts } from "@/i18n/page-texts";
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

/** The states that a device can be in, in the order of the filter, with the keys of their texts. Saved views name them,
 * so the users service knows them too. */
const STATE_TEXTS = {
  online: "online",
  offline: "offline",
  catching_up: "catchingUp",
  nearly_full: "nearlyFull",
  buffer_full: "bufferFull",
  clock_wrong: "clockWrong",
  two_machines: "twoMachines",
  not_enrolled: "notEnrolled",
  no_readings: "noReadingsYet",
  disabled: "disabled",
  lost: "lost",
  seen: "seen",
  unknown: "unknown",
} as const;
export type DeviceStateId = keyof typeof STATE_TEXTS;
export const DEVICE_STATES = Object.keys(STATE_TEXTS) as DeviceStateId[];

export const stateLabel = (id: DeviceStateId) => pageTexts("devices")(STATE_TEXTS[id]);

export type DeviceState = {
  readonly id: DeviceStateId;
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
/** The share of a collector's buffer from which somebody should look. */
const NEARLY_FULL = 0.9;

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
  const t = pageTexts("devices");
  if (collector?.state === "lost") return attention("crit", "lost", t("keysDestroyed"));
  if (collector?.state === "disabled") return calm("neutral", "disabled", t("keepsReadings"));
  if (!telemetry) {
    if (collector && !isPlain && !collector.enrolled_at) {
      return collector.code_expires_at
        ? { ...calm("info", "not_enrolled", t("codeExpires")), at: collector.code_expires_at }
        : attention("warn", "not_enrolled", t("needsCode"));
    }
    return calm("neutral", "no_readings");
  }
  const seen = telemetry.last_seen_at ?? undefined;
  if (telemetry.cloned) return attention("warn", "two_machines", t("useThisIdentity"));
  if (telemetry.online === false) return { ...attention("crit", "offline", t("since")), at: seen };
  if (telemetry.clock_suspect) return attention("warn", "clock_wrong");
  const fill = telemetry.buffer_fill ?? 0;
  if (fill >= 1) return attention("crit", "buffer_full", t("oldestReadingsThinned"));
  if (fill >= NEARLY_FULL)
    return attention("warn", "nearly_full", t("bufferShare", { percent: Math.floor(fill * 100) }));
  if ((telemetry.waiting ?? 0) > USUAL_IN_FLIGHT) return calm("info", "catching_up");
  if (telemetry.online === null)
    return seen ? { ...calm("neutral", "seen"), at: seen } : calm("neutral", "unknown");
  return calm("ok", "online");
}

function calm(tone: Tone, id: DeviceStateId, note?: string): DeviceState {
  return { id, tone, label: stateLabel(id), note, needsAttention: false };
}

function attention(tone: Tone, id: DeviceStateId, note?: string): DeviceState {
  return { id, tone, label: stateLabel(id), note, needsAttention: true };
}

const MIRROR_TONES: Readonly<Record<Mirror["state"], Tone>> = {
  in_sync: "ok",
  behind: "warn",
  never: "info",
  rolled_back: "crit",
  wiped: "neutral",
  unmanaged: "neutral",
};

export function mirrorState({ state, behind }: Mirror): { tone: Tone; label: string } {
  const t = pageTexts("devices");
  const label = state === "behind" ? t("behindBy", { count: behind }) : t(`mirrorStates.${state}`);
  return { tone: MIRROR_TONES[state], label };
}
