"use client";
// The page about the fleet: figures, views, search, and the table of all devices.
import { useTranslations } from "next-intl";
import { pageTexts } from "@/i18n/page-texts";
import { Plus, RadioTower, SearchX } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/button";
import { ColumnsMenu } from "@/components/columns-menu";
import { TableSkeleton } from "@/components/data-table";
import { SearchField } from "@/components/form/search-field";
import { lazyPart } from "@/components/lazy-part";
import { LoadError } from "@/components/load-error";
import { NoticeState } from "@/components/notice-state";
import { PageHeader } from "@/components/page-header";
import { CursorPager } from "@/components/pager";
import { RbacGuard } from "@/components/rbac-guard";
import { SavedViewsMenu } from "@/components/saved-views/saved-views-menu";
import { Segmented } from "@/components/segmented";
import type { ApiClient } from "@/lib/api/api-client";
import type { Backlogs } from "@/lib/readings/backlog";
import { explain } from "@/lib/api/explain";
import type { Can } from "@/lib/permissions";
import { oneOf, type SetAddress } from "@/lib/use-address";
import { useStoredSet } from "@/lib/use-stored-set";
import { DEVICE_STATES, type FleetDevice } from "../fleet-device";
import { BulkBar } from "./bulk/bulk-bar";
import { MOST_SELECTED, type FleetAction } from "./bulk/changes";
import { MOST_SITE_CHARACTERS, TAG } from "../manage/device-limits";
import { FleetFilters } from "./fleet-filters";
import {
  NO_FILTER,
  selectDevices,
  sitesOf,
  SORTS,
  sortDevices,
  tagsOf,
  VIEWS,
  type Filter,
  type View,
} from "./fleet-list";
import { COLUMNS, FleetTable, namedColumns } from "./fleet-table";
import { FleetTiles } from "./fleet-tiles";
import { useFleet } from "../use-fleet";

// Forms are a large part of the code, and the list does not need them.
const AddDeviceDialog = lazyPart(() => import("../manage/add-device-dialog"));
const BulkDialog = lazyPart(() => import("./bulk/bulk-dialog"));

type FleetProps = {
  api: ApiClient;
  can: Can;
  backlogs: Backlogs;
  /** The parameters of the address: `q`, `view`, `site`, `tag`, `state`, `sort`; `add=1` opens the dialog to add a device. */
  address: (name: string) => string | null;
  setAddress: SetAddress;
};

const PAGE_SIZE = 25;

export function Fleet({ api, can, backlogs, address, setAddress }: FleetProps) {
  const t = useTranslations("devices");
  const [isAdding, setAdding] = useState(false);
  const [page, setPage] = useState(0);
  const [bulk, setBulk] = useState<FleetAction | null>(null);
  // Kept while searching and turning pages, so that devices of several searches can be changed together.
  const [selected, setChosen] = useState<ReadonlyMap<string, FleetDevice>>(new Map());
  const table = useRef<HTMLElement>(null);
  const hidden = useStoredSet("pulse_device_columns");
  const fleet = useFleet(api, can);
  const filter: Filter = {
    view: oneOf(address("view"), VIEWS, "all"),
    search: address("q") ?? "",
    site: (address("site") ?? "").slice(0, MOST_SITE_CHARACTERS),
    tag: matching(address("tag"), TAG),
    state: oneOf(address("state"), DEVICE_STATES, "all"),
  };
  const sort = oneOf(address("sort"), SORTS, "state");
  const change: SetAddress = (changes) => {
    setPage(0);
    setAddress(changes);
  };
  const { devices } = fleet;
  // Without those that were deleted meanwhile.
  const selectedDevices = devices?.filter(({ id }) => selected.has(id)) ?? [];
  const chosen = new Map(selectedDevices.map((device) => [device.id, device]));
  const found = devices && sortDevices(selectDevices(devices, filter), sort);
  // A device may disappear while its page is open.
  const first = found ? Math.min(page, Math.max(0, Math.ceil(found.length / PAGE_SIZE) - 1)) * PAGE_SIZE : 0;
  const shown = found?.slice(first, first + PAGE_SIZE) ?? [];

  return (
    <div className="space-y-4">
      <PageHeader
        title={t("devices")}
        subtitle={devices ? countText(devices) : t("collectorsAndPlainMqttDevices")}
        actions={
          <RbacGuard can={can} needs="collectors.manage">
            <Button tone="primary" onClick={() => setAdding(true)} data-testid="add-device">
              <Plus className="size-4" aria-hidden />
              {t("addDevice")}
            </Button>
          </RbacGuard>
        }
      />
      {devices && devices.length > 0 && <FleetTiles devices={devices} hasMirrors={can("mirror.read")} />}
      <section
        ref={table}
        tabIndex={-1}
        aria-label={t("devices")}
        className="outline-none rounded-[10px] border bg-surface"
      >
        <div className="flex flex-wrap items-center gap-2 p-3">
          <SearchField
            label={t("searchByNameIdSite")}
            value={filter.search}
            onSearch={(q) => change({ q })}
            testId="device-search"
          />
          <Segmented
            label={t("view")}
            options={viewOptions(devices ?? [])}
            value={filter.view}
            onChange={(view) => change(addressOf({ view }))}
          />
          <FleetFilters
            devices={devices ?? []}
            filter={filter}
            onChange={(changed) => change(addressOf(changed))}
          />
          {chosen.size > 0 ? (
            <BulkBar
              count={chosen.size}
              onChoose={setBulk}
              onClear={() => {
                setChosen(new Map());
                // The button disappears with the bar.
                table.current?.focus();
              }}
            />
          ) : (
            <div className="ml-auto flex flex-wrap gap-2">
              <SavedViewsMenu
                api={api}
                page="devices"
                shown={{ ...filter, sort, hidden: COLUMNS.filter((column) => hidden.names.has(column)) }}
                onOpen={(saved) => {
                  hidden.replace(saved.hidden);
                  change({ ...addressOf(saved), sort: saved.sort });
                }}
              />
              <ColumnsMenu
                columns={namedColumns(can)}
                isHidden={(column) => hidden.names.has(column)}
                onToggle={hidden.toggle}
              />
            </div>
          )}
        </div>
        {fleet.error && devices && devices.length > 0 && (
          <p role="status" className="border-t px-4 py-2 text-xs text-warn">
            {t("thisListMayBeOutdated", { explain: explain(fleet.error) })}
          </p>
        )}
        {fleet.error && !devices ? (
          <LoadError error={fleet.error} what={t("theListOfDevices")} onRetry={fleet.reload} />
        ) : !found ? (
          <TableSkeleton rows={8} />
        ) : devices?.length === 0 ? (
          <NoDevices canAdd={can("collectors.manage")} onAdd={() => setAdding(true)} />
        ) : found.length === 0 ? (
          <NoMatch onReset={() => change(addressOf(NO_FILTER))} />
        ) : (
          <>
            <FleetTable
              devices={shown}
              can={can}
              backlogs={backlogs}
              sort={{ column: sort.replace("-", ""), isDescending: sort.startsWith("-") }}
              onSort={({ column, isDescending }) => change({ sort: `${isDescending ? "-" : ""}${column}` })}
              isHidden={(column) => hidden.names.has(column)}
              selection={
                can("collectors.manage") && fleet.hasCollectors
                  ? { chosen, most: MOST_SELECTED, onChange: setChosen }
                  : null
              }
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
      {bulk && (
        <BulkDialog
          api={api}
          action={bulk}
          devices={selectedDevices}
          sites={sitesOf(devices ?? []).map(({ value }) => value)}
          tags={tagsOf(devices ?? []).map(({ value }) => value)}
          onChanged={fleet.reload}
          onDone={() => setChosen(new Map())}
          onClose={() => setBulk(null)}
        />
      )}
      {(isAdding || (address("add") === "1" && can("collectors.manage"))) && (
        <AddDeviceDialog
          api={api}
          onCreated={fleet.reload}
          onClose={() => {
            setAdding(false);
            if (address("add")) setAddress({ add: null });
          }}
        />
      )}
    </div>
  );
}

/** `text` if it has the form that values can have, otherwise "". */
function matching(text: string | null, form: RegExp): string {
  return text !== null && form.test(text) ? text : "";
}

function viewOptions(devices: readonly FleetDevice[]): { value: View; label: string }[] {
  const t = pageTexts("devices.views");
  return VIEWS.map((value) => ({
    value,
    label: t(value, { count: selectDevices(devices, { ...NO_FILTER, view: value }).length }),
  }));
}

/** The parameters of the address for a filter. The address leaves out what filters nothing. */
function addressOf({ search, ...others }: Partial<Filter>): Record<string, string | null> {
  const { view, site, tag, state } = others;
  return {
    ...(search === undefined ? {} : { q: search || null }),
    ...(site === undefined ? {} : { site: site || null }),
    ...(tag === undefined ? {} : { tag: tag || null }),
    ...(view === undefined ? {} : { view: view === "all" ? null : view }),
    ...(state === undefined ? {} : { state: state === "all" ? null : state }),
  };
}

function countText(devices: readonly FleetDevice[]): string {
  const plain = devices.filter(({ isPlain }) => isPlain).length;
  const online = devices.filter(({ telemetry }) => telemetry?.online).length;
  return pageTexts("devices")("fleetCount", { collectors: devices.length - plain, plain, online });
}

function NoDevices({ canAdd, onAdd }: { canAdd: boolean; onAdd: () => void }) {
  const t = useTranslations("devices");
  return (
    <NoticeState
      icon={RadioTower}
      title={t("noDevicesYet")}
      role="status"
      action={canAdd && <Button onClick={onAdd}>{t("addDevice")}</Button>}
    >
      {canAdd ? t("addACollectorOrA") : t("anAdministratorCanAddA")}
    </NoticeState>
  );
}

function NoMatch({ onReset }: { onReset: () => void }) {
  const t = useTranslations("devices");
  return (
    <NoticeState
      icon={SearchX}
      title={t("noDeviceMatches")}
      role="status"
      action={
        <Button onClick={onReset} data-testid="reset-filter">
          {t("showAllDevices")}
        </Button>
      }
    >
      {t("changeTheSearchOrThe")}
    </NoticeState>
  );
}

export function FleetSkeleton() {
  const t = useTranslations("devices");
  return (
    <div className="space-y-4">
      <PageHeader title={t("devices")} subtitle={t("collectorsAndPlainMqttDevices")} />
      <div className="rounded-[10px] border bg-surface">
        <TableSkeleton rows={8} />
      </div>
    </div>
  );
}
