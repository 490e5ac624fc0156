// Which series the search knows without being told. Pure functions.

/** The device that the address shows: `/devices/press-4`, `?device=press-4`, or the first one of `?s=press-4:7`. */
export function currentDevice({ pathname, search }: { pathname: string; search: string }): string | null {
  const [, first, item] = pathname.split("/");
  const parameters = new URLSearchParams(search);
  const id =
    first === "devices" ? item : (parameters.get("device") ?? parameters.get("s")?.split(":", 1)[0] ?? null);
  return id && /^[a-z0-9-]{1,32}$/.test(id) ? id : null;
}

/** The key of a series, with its device for the address of the explorer. */
export const seriesKey = (device: string, id: number) => `series:${device}:${id}`;

/** The ids of the series in `keys`. */
export function seriesOf(keys: readonly string[]): readonly number[] {
  return keys.flatMap((key) => {
    const id = /^series:[a-z0-9-]{1,32}:(\d{1,10})$/.exec(key)?.[1];
    return id === undefined ? [] : [Number(id)];
  });
}
