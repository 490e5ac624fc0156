// Which devices a search finds. Pure.
import type { Device } from "@/contracts/http";

type Named = Pick<Device, "id" | "name">;

/** Those whose name or id holds every word of `text`, in whatever case; all of them when there is none. */
export function devicesMatching<D extends Named>(devices: readonly D[], text: string): readonly D[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return devices;
  return devices.filter(({ id, name }) => {
    const where = `${name}\n${id}`.toLowerCase();
    return words.every((word) => where.includes(word));
  });
}
