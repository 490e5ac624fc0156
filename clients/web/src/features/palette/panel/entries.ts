// Turns what services answer into entries.
import { Cpu, LayoutDashboard, UserRound, Waypoints } from "lucide-react";
import type { Answer, Collector, Device, Series, User } from "@/contracts/http";
import type { Can } from "@/lib/permissions";
import { pageOf } from "@/lib/site-map";
import { shownUnit } from "@/lib/texts/units";
import type { Entry } from "../types";
import { seriesKey } from "./series-scope";

export type NamedDevice = Pick<Device, "id" | "name">;
export type DashboardItem = Answer<"/api/telemetry/dashboards", "get">["items"][number];

/** Whether the address belongs to a page that the account may open. */
export function mayOpen(can: Can, href: string): boolean {
  const page = pageOf(new URL(href, "http://here").pathname);
  return page !== null && can(page.needs);
}

export function deviceEntry({ id, name }: NamedDevice): Entry {
  return {
    key: `device:${id}`,
    kind: "device",
    title: name,
    detail: name === id ? undefined : id,
    icon: Cpu,
    target: { href: `/devices/${encodeURIComponent(id)}` },
  };
}

/**
 * The devices that sent something, and those that are enrolled only. `collectors`: undefined without the permission. An
 * enrolment has the name that people gave.
 */
export function joinDevices(
  devices: readonly NamedDevice[],
  collectors: readonly (NamedDevice & Pick<Collector, "state">)[] | undefined,
): NamedDevice[] {
  const found = new Map(devices.map(({ id, name }) => [id, name]));
  for (const { id, name, state } of collectors ?? []) {
    if (state !== "deleted") found.set(id, name || found.get(id) || id);
  }
  return [...found].map(([id, name]) => ({ id, name }));
}

/** `sharedText`: says that everybody sees it. */
export function dashboardEntry({ id, name, shared }: DashboardItem, sharedText: string): Entry {
  return {
    key: `dashboard:${id}`,
    kind: "dashboard",
    title: name,
    detail: shared ? sharedText : undefined,
    icon: LayoutDashboard,
    target: { href: `/dashboard/${encodeURIComponent(id)}` },
  };
}

/** `deviceName`: the name of its device. */
export function seriesEntry(
  { id, device, name, display_name, unit }: Pick<Series, "id" | "device" | "name" | "display_name" | "unit">,
  deviceName: string,
): Entry {
  return {
    key: seriesKey(device, id),
    kind: "series",
    title: display_name || name,
    detail: [deviceName, shownUnit(unit)].filter(Boolean).join(" · "),
    words: `${name} ${device} ${unit}`,
    icon: Waypoints,
    target: { href: `/explore?s=${encodeURIComponent(`${device}:${id}`)}` },
  };
}

export function personEntry({ id, name, email }: Pick<User, "id" | "name" | "email">): Entry {
  return {
    key: `person:${id}`,
    kind: "person",
    title: name || email,
    detail: name ? email : undefined,
    icon: UserRound,
    target: { href: `/users/${id}` },
  };
}
