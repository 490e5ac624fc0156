"use client";
// The page about offline access: who may sign in at a collector while the network is down, and which collectors know it.
import { useTranslations } from "next-intl";
import { numberLocale } from "@/lib/texts/page-locale";
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
import { LeasesPanel } from "./leases-panel";
import { leaseText } from "./lease-text";
import { Matrix, MatrixLegend } from "./matrix";
import { copyQuery, fleetQuery, mirrorQuery, OFFLINE_KEY, policyQuery, type MirrorFleet } from "./queries";
import { RulesPanel } from "./rules-panel";

type OfflineAccessProps = { api: ApiClient; can: Can };

/** Collectors beside each other. More are on the next page. */
const COLUMNS = 12;

export function OfflineAccess({ api, can }: OfflineAccessProps) {
  const t = useTranslations("offline-access");
  const client = useQueryClient();
  const fleet = useQuery(fleetQuery(api));
  const reload = () => void client.invalidateQueries({ queryKey: OFFLINE_KEY });
  if (!fleet.data && fleet.error) {
    return <LoadError error={fleet.error} what={t("offlineAccess")} onRetry={() => void fleet.refetch()} />;
  }
  if (!fleet.data) return <OfflineAccessSkeleton />;
  const managed = fleet.data.mirrors.filter(({ state }) => state !== "unmanaged");
  return (
    <div className="space-y-4">
      <Header />
      <CopyBanner api={api} />
      <Tiles fleet={fleet.data} managed={managed} />
      {managed.length === 0 ? (
        <NoticeState icon={KeyRound} title={t("noCollectorIsEnrolledYet")} role="status">
          {t("addAndEnrolACollector")}
        </NoticeState>
      ) : (
        <Collectors api={api} can={can} managed={managed} />
      )}
      <RulesPanel api={api} can={can} mirrors={fleet.data.mirrors} onApplied={reload} />
      <LeasesPanel api={api} can={can} managed={managed} />
      <IncidentsPanel api={api} />
    </div>
  );
}

function Header() {
  const t = useTranslations("offline-access");
  return <PageHeader title={t("offlineAccess")} subtitle={t("whoMaySignInAt")} />;
}

function Tiles({ fleet, managed }: { fleet: MirrorFleet; managed: readonly Mirror[] }) {
  const t = useTranslations("offline-access");
  const waiting = managed.reduce((sum, { behind }) => sum + behind, 0);
  const behind = managed.filter(({ state }) => state !== "in_sync");
  const checked = managed.filter(({ checked: at, state }) => at !== null && state === "in_sync").length;
  return (
    <StatTiles label={t("summary")}>
      <StatTile
        label={t("collectorsUpToDate")}
        value={fleet.upToDate}
        unit={t("of", { total: fleet.total })}
        tone={fleet.upToDate < fleet.total ? "warn" : undefined}
        note={behind[0] ? t("isNot", { name: behind[0].name || behind[0].device }) : t("allHaveEveryChange")}
        testId="tile-up-to-date"
      />
      <StatTile
        label={t("changesUnderWay")}
        value={waiting.toLocaleString(numberLocale())}
        unit={t("changesUnit", { count: waiting })}
        note={waiting === 0 ? t("noneWaits") : t("repeatedUntilTheCollectorConfirms")}
      />
      <StatTile
        label={t("digests")}
        value={checked}
        unit={t("ofAgree", { total: managed.length })}
        note={t("comparedWithEveryReport")}
      />
    </StatTiles>
  );
}

/** Warns while the copy of the accounts is not what the users service has. Leases run out then. */
function CopyBanner({ api }: { api: ApiClient }) {
  const t = useTranslations("offline-access");
  const { data } = useQuery(copyQuery(api));
  if (!data || data.state === "current" || data.state === "behind") return null;
  return (
    <Banner tone="crit">
      {data.state === "restored" ? t("theUsersServiceHasAn") : t("theUsersServiceHasAnnounced")}
    </Banner>
  );
}

function Collectors({ api, can, managed }: OfflineAccessProps & { managed: readonly Mirror[] }) {
  const t = useTranslations("offline-access");
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
        aria-label={t("accountsAndCollectors")}
        className="min-w-0 rounded-[10px] border bg-surface"
        data-testid="panel-matrix"
      >
        <div className="flex flex-wrap items-center gap-2 p-3">
          <h2 className="mr-auto px-1 text-ui font-semibold">{t("accountsAndCollectors")}</h2>
          <SearchField
            label={t("searchCollectors")}
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
            what={t("theAccounts")}
            onRetry={() => details.forEach((query) => void query.refetch())}
          />
        ) : details.some(({ isPending }) => isPending) ? (
          <TableSkeleton rows={4} />
        ) : shown.length === 0 ? (
          <p className="border-t px-4 py-3 text-ui text-fg-2">{t("noCollectorMatches")}</p>
        ) : rows.length === 0 ? (
          <p className="border-t px-4 py-3 text-ui text-fg-2">{t("theseCollectorsHoldNoAccounts")}</p>
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
