"use client";
// The page about the audit log: who changed what, and the anchor that proves that nothing was removed.
import { useTranslations } from "next-intl";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Download, RotateCw, SearchX } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { TableSkeleton } from "@/components/data-table";
import { FormProblem } from "@/components/form/form-problem";
import { LoadError } from "@/components/load-error";
import { NoticeState } from "@/components/notice-state";
import { PageHeader } from "@/components/page-header";
import { Segmented } from "@/components/segmented";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import type { Can } from "@/lib/permissions";
import { saveFile } from "@/lib/save-file";
import { oneOf, type SetAddress } from "@/lib/use-address";
import { AnchorPanel } from "./anchor-panel";
import { AuditFilter } from "./audit-filter";
import { EntryList } from "./entry-list";
import { auditFile, auditQuery, TRAILS, type Filter } from "./queries";

type AuditProps = {
  api: ApiClient;
  can: Can;
  /** The parameters of the address: `trail` and the fields of the filter. */
  address: (name: string) => string | null;
  setAddress: SetAddress;
};

export function Audit({ api, can, address, setAddress }: AuditProps) {
  const t = useTranslations("audit");
  const [problem, setProblem] = useState<string | null>(null);
  const [isExporting, setExporting] = useState(false);
  const trail = oneOf(address("trail"), TRAILS, "users");
  const filter: Filter = {
    kind: address("kind") ?? "",
    actor: address("actor") ?? "",
    target: address("target") ?? "",
    since: address("since") ?? "",
    until: address("until") ?? "",
  };
  const query = useInfiniteQuery(auditQuery(api, trail, filter));
  const entries = query.data?.pages.flatMap(({ items }) => items);
  const head = query.data?.pages[0]?.head;
  const isFiltered = Object.values(filter).some(Boolean);
  const clear = () => setAddress({ kind: null, actor: null, target: null, since: null, until: null });

  const save = async () => {
    setExporting(true);
    setProblem(null);
    try {
      saveFile(await auditFile(api, trail, filter), `audit-${trail}.csv`);
      await query.refetch();
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setExporting(false);
    }
  };

  return (
    <div className="space-y-4">
      <PageHeader
        title={t("auditLog")}
        subtitle={t("whoChangedWhatAndFrom")}
        actions={
          <>
            <Button onClick={() => void query.refetch()} disabled={query.isFetching}>
              <RotateCw className="size-4" aria-hidden />
              {t("reload")}
            </Button>
            <Button onClick={() => void save()} disabled={isExporting} data-testid="export-audit">
              <Download className="size-4" aria-hidden />
              {isExporting ? t("exporting") : t("exportCsv")}
            </Button>
          </>
        }
      />
      <FormProblem>{problem}</FormProblem>
      <section aria-label={t("entries")} className="rounded-[10px] border bg-surface">
        <div className="space-y-3 p-3">
          <Segmented
            label={t("trail")}
            options={TRAILS.map((value) => ({ value, label: t(`trails.${value}`) }))}
            value={trail}
            onChange={(next) => setAddress({ trail: next === "users" ? null : next })}
            testId="audit-trail"
          />
          {/* Another filter from the address gets new fields. */}
          <AuditFilter key={JSON.stringify(filter)} filter={filter} onFilter={(next) => setAddress(next)} />
        </div>
        {!entries && query.error ? (
          <LoadError error={query.error} what={t("theAuditLog")} onRetry={() => void query.refetch()} />
        ) : !entries ? (
          <TableSkeleton rows={8} />
        ) : entries.length === 0 ? (
          <NoticeState
            icon={SearchX}
            title={isFiltered ? t("noEntryMatches") : t("noEntriesYet")}
            role="status"
            action={isFiltered && <Button onClick={clear}>{t("showAllEntries")}</Button>}
          >
            {isFiltered ? t("changeTheFilterOrLook") : t("changesAppearHere")}
          </NoticeState>
        ) : (
          <>
            <EntryList
              api={api}
              canNamePeople={can("accounts.read")}
              entries={entries}
              onFilter={(next) => setAddress(next)}
            />
            <div className="flex flex-wrap items-center gap-3 border-t px-4 py-2.5 text-ui text-fg-2">
              <span className="tabular-nums">{t("shown", { count: entries.length })}</span>
              {query.hasNextPage && (
                <Button
                  onClick={() => void query.fetchNextPage()}
                  disabled={query.isFetchingNextPage}
                  data-testid="older"
                >
                  {query.isFetchingNextPage ? t("loading") : t("showOlderOnes")}
                </Button>
              )}
            </div>
          </>
        )}
      </section>
      {/* Each trail has a chain of its own. */}
      {head && <AnchorPanel key={trail} api={api} trail={trail} head={head} />}
    </div>
  );
}

export function AuditSkeleton() {
  const t = useTranslations("audit");
  return (
    <div className="space-y-4">
      <PageHeader title={t("auditLog")} subtitle={t("whoChangedWhatAndFrom")} />
      <div className="rounded-[10px] border bg-surface">
        <TableSkeleton rows={8} />
      </div>
    </div>
  );
}
