// The changes of many devices at once, and what they would do to each of them. Pure functions.
import type { FleetDevice } from "../../fleet-device";
import { MOST_TAGS } from "../../manage/device-limits";

export const FLEET_ACTIONS = ["add_tag", "remove_tag", "move", "disable", "enable"] as const;
export type FleetAction = (typeof FLEET_ACTIONS)[number];
/** The actions that need a text. */
export type TextAction = Exclude<FleetAction, "disable" | "enable">;

/** `text`: the tag or the site. Disabling and enabling need none. */
export type FleetChange = { readonly action: FleetAction; readonly text: string };

/** Two requests for each device stay below the limit of the auth service, 300 a minute. */
export const MOST_SELECTED = 100;

export type LeftOut = "no_account" | "lost" | "too_many_tags";

/** What will happen: `changing` will change, `unchanged` is already as asked, `leftOut` cannot be changed. */
export type FleetPlan = {
  readonly changing: readonly FleetDevice[];
  readonly unchanged: readonly FleetDevice[];
  readonly leftOut: readonly { readonly device: FleetDevice; readonly why: LeftOut }[];
};

export function needsText(action: FleetAction): action is TextAction {
  return action !== "disable" && action !== "enable";
}

export function planOf(change: FleetChange, devices: readonly FleetDevice[]): FleetPlan {
  const outcomes = devices.map((device) => ({ device, outcome: outcomeOf(change, device) }));
  const having = (wanted: string) =>
    outcomes.filter(({ outcome }) => outcome === wanted).map(({ device }) => device);
  return {
    changing: having("changes"),
    unchanged: having("unchanged"),
    leftOut: outcomes.flatMap(({ device, outcome }) =>
      outcome === "changes" || outcome === "unchanged" ? [] : [{ device, why: outcome }],
    ),
  };
}

export function outcomeOf(
  { action, text }: FleetChange,
  { collector, site, tags }: FleetDevice,
): "changes" | "unchanged" | LeftOut {
  if (!collector) return "no_account";
  if (needsText(action)) {
    if (action === "move") return site === text ? "unchanged" : "changes";
    const has = tags.includes(text);
    if (action === "remove_tag") return has ? "changes" : "unchanged";
    if (has) return "unchanged";
    return tags.length < MOST_TAGS ? "changes" : "too_many_tags";
  }
  if (collector.state === "lost") return "lost";
  return collector.state === (action === "disable" ? "disabled" : "enabled") ? "unchanged" : "changes";
}

/** Site and tags after the change. */
export function described<Before extends { site: string; tags: readonly string[] }>(
  { action, text }: FleetChange,
  { site, tags }: Before,
): { site: string; tags: string[] } {
  const others = tags.filter((tag) => tag !== text);
  if (action === "add_tag") return { site, tags: [...others, text] };
  if (action === "remove_tag") return { site, tags: others };
  return { site: action === "move" ? text : site, tags: [...tags] };
}
