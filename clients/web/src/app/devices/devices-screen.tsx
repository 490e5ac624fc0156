"use client";
// Connects the session, the live connection and the page about the fleet.
import type { QueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { LiveRoute } from "@/app/live-route";
import { Fleet, FleetSkeleton } from "@/features/devices/fleet/fleet";
import { applyDeviceState, fleetChanges } from "@/features/devices/inventory";
import type { DeviceChanged } from "@/contracts/live";
import { Backlogs } from "@/lib/readings/backlog";
import { useAddress } from "@/lib/use-address";

export function DevicesScreen() {
  const [address, setAddress] = useAddress();
  const [backlogs] = useState(() => new Backlogs());
  const note = (client: QueryClient, device: DeviceChanged) => {
    applyDeviceState(client, device);
    backlogs.add(device.id, device.waiting, Date.now());
  };
  return (
    <LiveRoute page="/devices" skeleton={<FleetSkeleton />} onDevice={note} changes={fleetChanges}>
      {({ api, can }) => (
        <Fleet api={api} can={can} backlogs={backlogs} address={address} setAddress={setAddress} />
      )}
    </LiveRoute>
  );
}
