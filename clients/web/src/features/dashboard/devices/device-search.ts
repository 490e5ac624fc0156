// The search for devices. Pure functions.
import type { Device } from "@/contracts/http";

type Named = Pick<Device, "id" | "name">;

/** The devices whose name or id contains every word of `text`, ignoring case. All devices when `text` has no words. */
export function devicesMatching<D extends Named>(devices: readonly D[], text: string): readonly D[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return devices;
  return devices.filter(({ id, name }) => {
    const searched = `${name}\n${id}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}
