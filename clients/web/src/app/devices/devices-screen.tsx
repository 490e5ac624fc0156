"use client";
// Connects the session, the live connection and the page about the fleet.
import { LiveRoute } from "@/app/live-route";
import { Fleet, FleetSkeleton } from "@/features/devices/fleet";
import { applyDeviceState, fleetChanges } from "@/features/devices/inventory";
import { useAddress } from "@/lib/use-address";

export function DevicesScreen() {
  const [address, setAddress] = useAddress();
  return (
    <LiveRoute
      page="/devices"
      skeleton={<FleetSkeleton />}
      onDevice={applyDeviceState}
      changes={fleetChanges}
    >
      {({ api, can }) => <Fleet api={api} can={can} address={address} setAddress={setAddress} />}
    </LiveRoute>
  );
}
