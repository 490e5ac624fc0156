"use client";
// The page about the fleet: figures, views, search, and the table of all devices.
import { Plus, RadioTower, SearchX } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { TableSkeleton } from "@/components/data-table";
import { SearchField } from "@/components/form/search-field";
import { LoadError } from "@/components/load-error";
import { NoticeState } from "@/components/notice-state";
import { PageHeader } from "@/components/page-header";
import { CursorPager } from "@/components/pager";
import { RbacGuard } from "@/components/rbac-guard";
import { Segmented } from "@/components/segmented";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import type { Can } from "@/lib/permissions";
import { oneOf, type SetAddress } from "@/lib/use-address";
import { AddDeviceDialog } from "./add-device-dialog";
import type { FleetDevice } from "./fleet-device";
import { selectDevices, SORTS, sortDevices, VIEWS, type View } from "./fleet-list";
import { FleetTable } from "./fleet-table";
import { FleetTiles } from "./fleet-tiles";
import { useFleet } from "./use-fleet";

type FleetProps = {
  api: ApiClient;
  can: Can;
  /** The parameters of the address: `q`, `view`, `sort`. */
  address: (name: string) => string | null;
  setAddress: SetAddress;
};

const PAGE_SIZE = 25;

export function Fleet({ api, can, address, setAddress }: FleetProps) {
  const [isAdding, setAdding] = useState(false);
  const [page, setPage] = useState(0);
  const fleet = useFleet(api, can);
  const view = oneOf(address("view"), VIEWS, "all");
  const sort = oneOf(address("sort"), SORTS, "state");
  const search = address("q") ?? "";
  const change: SetAddress = (changes) => {
    setPage(0);
    setAddress(changes);
  };
  const { devices } = fleet;
  const found = devices && sortDevices(selectDevices(devices, view, search), sort);
  // A device may disappear while its page is open.
  const first = found ? Math.min(page, Math.max(0, Math.ceil(found.length / PAGE_SIZE) - 1)) * PAGE_SIZE : 0;
  const shown = found?.slice(first, first + PAGE_SIZE) ?? [];

  return (
    <div className="space-y-4">
      <PageHeader
        title="Devices"
        subtitle={devices ? countText(devices) : "Collectors and plain MQTT devices"}
        actions={
          <RbacGuard can={can} needs="collectors.manage">
            <Button tone="primary" onClick={() => setAdding(true)} data-testid="add-device">
              <Plus className="size-4" aria-hidden />
              Add device
            </Button>
          </RbacGuard>
        }
      />
      {devices && devices.length > 0 && <FleetTiles devices={devices} hasMirrors={can("mirror.read")} />}
      <section aria-label="Devices" className="rounded-[10px] border bg-surface">
        <div className="flex flex-wrap items-center gap-2 p-3">
          <SearchField
            label="Search by name, id, site or tag"
            value={search}
            onSearch={(q) => change({ q })}
            testId="device-search"
          />
          <Segmented
            label="View"
            options={viewOptions(devices ?? [])}
            value={view}
            onChange={(next) => change({ view: next === "all" ? null : next })}
          />
        </div>
        {fleet.error && !devices ? (
          <LoadError error={fleet.error} what="The list of devices" onRetry={fleet.reload} />
        ) : !found ? (
          <TableSkeleton rows={8} />
        ) : devices?.length === 0 ? (
          <NoDevices canAdd={can("collectors.manage")} onAdd={() => setAdding(true)} />
        ) : found.length === 0 ? (
          <NoMatch onReset={() => change({ q: null, view: null })} />
        ) : (
          <>
            {fleet.error && (
              <p role="status" className="border-t px-4 py-2 text-xs text-warn">
                This list may be outdated or incomplete. {explain(fleet.error)}
              </p>
            )}
            <FleetTable
              devices={shown}
              can={can}
              sort={{ column: sort.replace("-", ""), isDescending: sort.startsWith("-") }}
              onSort={({ column, isDescending }) => change({ sort: `${isDescending ? "-" : ""}${column}` })}
            />
            <CursorPager
              first={first + 1}
              shown={shown.length}
              total={found.length}
              onPrevious={first > 0 ? () => setPage(first / PAGE_SIZE - 1) : null}
              onNext={first + PAGE_SIZE < found.length ? () => setPage(first / PAGE_SIZE + 1) : null}
            />
          </>
        )}
      </section>
      {isAdding && <AddDeviceDialog api={api} onCreated={fleet.reload} onClose={() => setAdding(false)} />}
    </div>
  );
}

function viewOptions(devices: readonly FleetDevice[]): { value: View; label: string }[] {
  const count = (view: View) => selectDevices(devices, view, "").length.toLocaleString("en");
  return [
    { value: "all", label: `All ${count("all")}` },
    { value: "attention", label: `Needs attention ${count("attention")}` },
    { value: "collectors", label: `Collectors ${count("collectors")}` },
    { value: "plain", label: `Plain MQTT ${count("plain")}` },
  ];
}

function countText(devices: readonly FleetDevice[]): string {
  const plain = devices.filter(({ isPlain }) => isPlain).length;
  const online = devices.filter(({ telemetry }) => telemetry?.online).length;
  const text = (number: number) => number.toLocaleString("en");
  return `${text(devices.length - plain)} collectors, ${text(plain)} plain MQTT · ${text(online)} online`;
}

function NoDevices({ canAdd, onAdd }: { canAdd: boolean; onAdd: () => void }) {
  return (
    <NoticeState
      icon={RadioTower}
      title="No devices yet"
      role="status"
      action={canAdd && <Button onClick={onAdd}>Add device</Button>}
    >
      {canAdd
        ? "Add a collector, or a device that already speaks MQTT."
        : "An administrator can add a collector, or a device that already speaks MQTT."}
    </NoticeState>
  );
}

function NoMatch({ onReset }: { onReset: () => void }) {
  return (
    <NoticeState
      icon={SearchX}
      title="No device matches"
      role="status"
      action={
        <Button onClick={onReset} data-testid="reset-filter">
          Show all devices
        </Button>
      }
    >
      Change the search or the view.
    </NoticeState>
  );
}

export function FleetSkeleton() {
  return (
    <div className="space-y-4">
      <PageHeader title="Devices" subtitle="Collectors and plain MQTT devices" />
      <div className="rounded-[10px] border bg-surface">
        <TableSkeleton rows={8} />
      </div>
    </div>
  );
}
