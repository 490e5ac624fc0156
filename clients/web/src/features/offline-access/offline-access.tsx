"use client";
// The page about offline access: who may sign in at a collector while the network is down, and which collectors know it.
import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { SearchField } from "@/components/form/search-field";
import { LoadError } from "@/components/load-error";
import { Banner, NoticeState } from "@/components/notice-state";
import { PageHeader } from "@/components/page-header";
import { CursorPager } from "@/components/pager";
import { StatTile, StatTiles } from "@/components/stat-tile";
import { TableSkeleton } from "@/components/data-table";
import type { Mirror } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { matrixOf, type MatrixRow } from "./cells";
import { CollectorPanel } from "./collector-panel";
import { IncidentsPanel } from "./incidents-panel";
import { leaseText } from "./lease-text";
import { Matrix, MatrixLegend } from "./matrix";
import { copyQuery, fleetQuery, mirrorQuery, OFFLINE_KEY, policyQuery, type MirrorFleet } from "./queries";
import { RulesPanel } from "./rules-panel";

type OfflineAccessProps = { api: ApiClient; can: Can };

/** Collectors beside each other. More are on the next page. */
const COLUMNS = 12;

export function OfflineAccess({ api, can }: OfflineAccessProps) {
  const client = useQueryClient();
  const fleet = useQuery(fleetQuery(api));
  const reload = () => void client.invalidateQueries({ queryKey: OFFLINE_KEY });
  if (!fleet.data && fleet.error) {
    return <LoadError error={fleet.error} what="Offline access" onRetry={() => void fleet.refetch()} />;
  }
  if (!fleet.data) return <OfflineAccessSkeleton />;
  const managed = fleet.data.mirrors.filter(({ state }) => state !== "unmanaged");
  return (
    <div className="space-y-4">
      <Header />
      <CopyBanner api={api} />
      <Tiles fleet={fleet.data} managed={managed} />
      {managed.length === 0 ? (
        <NoticeState icon={KeyRound} title="No collector is enrolled yet" role="status">
          Add and enrol a collector first. Then write a rule that says who may sign in there.
        </NoticeState>
      ) : (
        <Collectors api={api} can={can} managed={managed} />
      )}
      <RulesPanel api={api} can={can} mirrors={fleet.data.mirrors} onApplied={reload} />
      <IncidentsPanel api={api} />
    </div>
  );
}

function Header() {
  return (
    <PageHeader
      title="Offline access"
      subtitle="Who may sign in at a collector while the network is down, and which collectors know it"
    />
  );
}

function Tiles({ fleet, managed }: { fleet: MirrorFleet; managed: readonly Mirror[] }) {
  const waiting = managed.reduce((sum, { behind }) => sum + behind, 0);
  const behind = managed.filter(({ state }) => state !== "in_sync");
  const checked = managed.filter(({ checked: at, state }) => at !== null && state === "in_sync").length;
  return (
    <StatTiles label="Summary">
      <StatTile
        label="Collectors up to date"
        value={fleet.upToDate}
        unit={`of ${fleet.total}`}
        tone={fleet.upToDate < fleet.total ? "warn" : undefined}
        note={behind[0] ? `${behind[0].name || behind[0].device} is not` : "all have every change"}
        testId="tile-up-to-date"
      />
      <StatTile
        label="Changes under way"
        value={waiting.toLocaleString("en")}
        unit={waiting === 1 ? "change" : "changes"}
        note={waiting === 0 ? "none waits" : "repeated until the collector confirms"}
      />
      <StatTile
        label="Digests"
        value={checked}
        unit={`of ${managed.length} agree`}
        note="compared with every report"
      />
    </StatTiles>
  );
}

/** Warns while the copy of the accounts is not what the users service has. Leases run out then. */
function CopyBanner({ api }: { api: ApiClient }) {
  const { data } = useQuery(copyQuery(api));
  if (!data || data.state === "current" || data.state === "behind") return null;
  return (
    <Banner tone="crit">
      {data.state === "restored"
        ? "The users service has an older set of accounts, because its database was restored. Collectors are not confirmed, and their leases run out. The guide about offline accounts says what to do."
        : "The users service has announced nothing for 10 minutes. Collectors are not confirmed, and their leases run out."}
    </Banner>
  );
}

function Collectors({ api, can, managed }: OfflineAccessProps & { managed: readonly Mirror[] }) {
  const [search, setSearch] = useState("");
  const [page, setPage] = useState(0);
  const [chosen, setChosen] = useState<string | null>(null);
  const policy = useQuery(policyQuery(api));
  const found = managed.filter(({ device, name, site }) =>
    `${device}\n${name}\n${site}`.toLowerCase().includes(search.trim().toLowerCase()),
  );
  const first = Math.min(page, Math.max(0, Math.ceil(found.length / COLUMNS) - 1)) * COLUMNS;
  const shown = found.slice(first, first + COLUMNS);
  const details = useQueries({ queries: shown.map(({ device }) => mirrorQuery(api, device)) });
  const selected = shown.some(({ device }) => device === chosen) ? chosen : (shown[0]?.device ?? null);
  const rows = matrixOf(details.flatMap(({ data }) => (data ? [data] : [])));
  const failed = details.find(({ error, data }) => error && !data)?.error;
  const leases = policy.data?.body;
  const leaseOf = ({ role }: MatrixRow) =>
    !leases || role === null ? "–" : leaseText(role === "admin" ? leases.admin_lease_s : leases.user_lease_s);
  const selectedQuery = details[shown.findIndex(({ device }) => device === selected)];
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
      <section
        aria-label="Accounts and collectors"
        className="min-w-0 rounded-[10px] border bg-surface"
        data-testid="panel-matrix"
      >
        <div className="flex flex-wrap items-center gap-2 p-3">
          <h2 className="mr-auto px-1 text-ui font-semibold">Accounts and collectors</h2>
          <SearchField
            label="Search collectors"
            value={search}
            onSearch={(text) => {
              setPage(0);
              setSearch(text);
            }}
          />
        </div>
        {failed ? (
          <LoadError
            error={failed}
            what="The accounts"
            onRetry={() => details.forEach((query) => void query.refetch())}
          />
        ) : details.some(({ isPending }) => isPending) ? (
          <TableSkeleton rows={4} />
        ) : shown.length === 0 ? (
          <p className="border-t px-4 py-3 text-ui text-fg-2">No collector matches.</p>
        ) : rows.length === 0 ? (
          <p className="border-t px-4 py-3 text-ui text-fg-2">
            These collectors hold no accounts. Write a rule below that says who may sign in there.
          </p>
        ) : (
          <>
            <Matrix rows={rows} mirrors={shown} selected={selected} onSelect={setChosen} leaseOf={leaseOf} />
            <MatrixLegend />
          </>
        )}
        {found.length > COLUMNS && (
          <CursorPager
            first={first + 1}
            shown={shown.length}
            total={found.length}
            onPrevious={first > 0 ? () => setPage(first / COLUMNS - 1) : null}
            onNext={first + COLUMNS < found.length ? () => setPage(first / COLUMNS + 1) : null}
          />
        )}
      </section>
      {selected && selectedQuery && (
        <CollectorPanel key={selected} api={api} can={can} device={selected} query={selectedQuery} />
      )}
    </div>
  );
}

export function OfflineAccessSkeleton() {
  return (
    <div className="space-y-4">
      <Header />
      <div className="skeleton h-24 rounded-[10px]" />
      <div className="rounded-[10px] border bg-surface">
        <TableSkeleton rows={6} />
      </div>
    </div>
  );
}
