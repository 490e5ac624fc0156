// Which devices' series are searched. The service lists series by device and has no search. Pure functions.
import type { Device } from "@/contracts/http";
import { plain } from "./rank";

const MOST_DEVICES = 3;
const SHORTEST_WORD = 2;

/**
 * The ids of the devices: the one that the page shows, those that the words name best, and those whose series were chosen
 * lately (`recent`). The page's own device is left out without words, because no series is listed then.
 */
export function seriesScope(
  devices: readonly Pick<Device, "id" | "name">[],
  words: readonly string[],
  current: string | null,
  recent: readonly string[],
): readonly string[] {
  const long = words.filter((word) => word.length >= SHORTEST_WORD);
  const named = devices
    .map(({ id, name }) => {
      const text = plain(`${name}\n${id}`);
      return { id, count: long.filter((word) => text.includes(word)).length };
    })
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ id }) => id);
  const first = current === null || words.length === 0 ? [] : [current];
  const ids = new Set([...first, ...named, ...recent]);
  return [...ids].slice(0, MOST_DEVICES);
}

/** The device that the address shows: `/devices/press-4`, `?device=press-4`, or the first one of `?s=press-4:7`. */
export function currentDevice({ pathname, search }: { pathname: string; search: string }): string | null {
  const [, first, item] = pathname.split("/");
  const parameters = new URLSearchParams(search);
  const id =
    first === "devices" ? item : (parameters.get("device") ?? parameters.get("s")?.split(":", 1)[0] ?? null);
  return id && /^[a-z0-9-]{1,32}$/.test(id) ? id : null;
}

/** The key of a series. It names the device, because series are listed by device. */
export const seriesKey = (device: string, id: number) => `series:${device}:${id}`;

/** The devices of the series in `keys`. */
export function devicesOfSeries(keys: readonly string[]): readonly string[] {
  return keys.flatMap((key) => /^series:([a-z0-9-]{1,32}):\d+$/.exec(key)?.[1] ?? []);
}
