"use client";
// Connects the session, the live readings and the page about one device.
import { LiveRoute } from "@/app/live-route";
import { DevicePage, DeviceSkeleton } from "@/features/devices/device-page";
import { applyDeviceState } from "@/features/devices/inventory";

export function DeviceScreen({ id }: { id: string }) {
  return (
    <LiveRoute page="/devices" skeleton={<DeviceSkeleton id={id} />} onDevice={applyDeviceState}>
      {({ api, can, feed }) => <DevicePage key={id} api={api} can={can} id={id} readings={feed} />}
    </LiveRoute>
  );
}
