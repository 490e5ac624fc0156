"use client";
// The fleet from three services. Telemetry is needed; without the others the page shows less.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { joinFleet, type FleetDevice } from "./fleet-device";
import { collectorsQuery, devicesQuery, FLEET_KEY, mirrorsQuery } from "./inventory";

export type Fleet = {
  /** Undefined until they are loaded. */
  readonly devices: readonly FleetDevice[] | undefined;
  /** A list that could not be loaded. The others are shown. */
  readonly error: Error | null;
  /** Whether their descriptions and enrolments are known. */
  readonly hasCollectors: boolean;
  readonly reload: () => void;
};

export function useFleet(api: ApiClient, can: Can): Fleet {
  const client = useQueryClient();
  const telemetry = useQuery(devicesQuery(api));
  const collectors = useQuery(collectorsQuery(api, can("collectors.read")));
  const mirrors = useQuery(mirrorsQuery(api, can("mirror.read")));
  // The enrolment has the names and the states. The mirrors fill a column of their own, so no row waits for them.
  const isReady = telemetry.data && !collectors.isLoading;
  const devices = useMemo(
    () => (isReady ? joinFleet(telemetry.data ?? [], collectors.data, mirrors.data) : undefined),
    [isReady, telemetry.data, collectors.data, mirrors.data],
  );
  return {
    devices,
    hasCollectors: collectors.data !== undefined,
    error: telemetry.error ?? collectors.error ?? mirrors.error,
    reload: () => void client.invalidateQueries({ queryKey: FLEET_KEY }),
  };
}
