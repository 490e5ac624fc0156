import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Device } from "@/contracts/http";
import type { DeviceChanged } from "@/contracts/live";
import { aDevice } from "@/testing/telemetry";
import { deviceStates } from "./device-lists";

const KEY = ["devices"];
const offline = (id: string): DeviceChanged => ({
  id,
  online: false,
  last_seen_at: "2026-01-01T00:00:00Z",
  oldest_waiting: null,
  buffer_fill: null,
  full_in: null,
  waiting: 7,
});

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function listOf(count: number) {
  const client = new QueryClient();
  client.setQueryData(
    KEY,
    Array.from({ length: count }, (_, n) => aDevice({ id: `press-${n}` })),
  );
  const written = vi.spyOn(client, "setQueryData");
  const reloaded = vi.spyOn(client, "invalidateQueries");
  return { client, written, reloaded, devices: () => client.getQueryData<Device[]>(KEY)! };
}

it("applies the states of 2,000 devices together, the newest one of each", () => {
  const { client, written, reloaded, devices } = listOf(2_000);
  const apply = deviceStates(KEY);
  for (let n = 0; n < 2_000; n += 1) apply(client, offline(`press-${n}`));
  apply(client, { ...offline("press-0"), waiting: 8 });
  vi.advanceTimersByTime(250);
  expect(written).toHaveBeenCalledOnce();
  expect(devices().every(({ online }) => online === false)).toBe(true);
  expect(devices().map(({ waiting }) => waiting)).toEqual([8, ...Array.from({ length: 1_999 }, () => 7)]);
  expect(reloaded).not.toHaveBeenCalled();
  apply(client, { ...offline("press-1"), online: true });
  vi.advanceTimersByTime(250);
  expect(devices()[1]!.online).toBe(true);
});

it("loads the list again for a device that is not in it", () => {
  const { client, reloaded } = listOf(1);
  deviceStates(KEY)(client, offline("new"));
  vi.advanceTimersByTime(250);
  expect(reloaded).toHaveBeenCalledWith({ queryKey: KEY });
});

it.each([false, true])(
  "applies states that arrive while the list loads to its answer, loaded before: %s",
  async (isLoaded) => {
    const { client } = isLoaded ? listOf(1) : { client: new QueryClient() };
    let answer: (devices: Device[]) => void = () => undefined;
    const loading = client.fetchQuery({
      queryKey: KEY,
      queryFn: () => new Promise<Device[]>((resolve) => (answer = resolve)),
    });
    deviceStates(KEY)(client, offline("press-0"));
    await vi.advanceTimersByTimeAsync(1_000);
    answer([aDevice({ id: "press-0" })]);
    await loading;
    await vi.advanceTimersByTimeAsync(250);
    expect(client.getQueryData<Device[]>(KEY)![0]!.online).toBe(false);
  },
);
