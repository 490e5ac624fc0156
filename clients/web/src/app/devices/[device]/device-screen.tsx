"use client";
// Connects the session, the live readings and the page about one device.
import { useMemo } from "react";
import { LiveRoute } from "@/app/live-route";
import { DevicePage, DeviceSkeleton } from "@/features/devices/device/device-page";
import { applyDeviceState, deviceChanges } from "@/features/devices/inventory";

export function DeviceScreen({ id }: { id: string }) {
  const changes = useMemo(() => deviceChanges(id), [id]);
  return (
    <LiveRoute
      key={id}
      changes={changes}
      page="/devices"
      skeleton={<DeviceSkeleton id={id} />}
      onDevice={applyDeviceState}
    >
      {({ api, can, feed }) => <DevicePage key={id} api={api} can={can} id={id} readings={feed} />}
    </LiveRoute>
  );
}
