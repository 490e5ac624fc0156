"use client";
// What a browser without a connection shows: the last values that it saw, each with its age.
import { useTranslations } from "next-intl";
import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/button";
import { DataTable, type TableColumn } from "@/components/data-table";
import { Logo } from "@/components/logo";
import { NoticeState } from "@/components/notice-state";
import { PageHeader } from "@/components/page-header";
import { When } from "@/components/when";
import { formatBrief } from "@/lib/texts/format";
import { dateTime } from "@/lib/texts/format-time";
import { loadLastValues, type LastValue, type LastValues } from "@/lib/readings/last-values";
import { useIsHydrated } from "@/lib/use-is-hydrated";

const PATH = "/offline";
const RETRY_MS = 5_000;

export function OfflineView() {
  return useIsHydrated() ? <Content /> : null;
}

function Content() {
  const t = useTranslations("offline");
  const [kept] = useState(loadLastValues);
  const isTrying = useReturnWhenReachable();
  return (
    <main className="mx-auto max-w-[60rem] space-y-4 p-4 sm:p-6">
      <Logo />
      <PageHeader
        title={t("title")}
        subtitle={<span role="status">{t("subtitle")}</span>}
        actions={
          <Button tone="primary" onClick={() => leave()} disabled={isTrying} data-testid="try-again">
            {t("tryAgain")}
          </Button>
        }
      />
      {kept && kept.values.length > 0 ? <Values kept={kept} /> : <NoValues />}
    </main>
  );
}

function Values({ kept }: { kept: LastValues }) {
  const t = useTranslations("offline");
  const columns: TableColumn<LastValue>[] = [
    { id: "name", header: t("series"), isMain: true, cell: ({ name }) => <span dir="auto">{name}</span> },
    { id: "device", header: t("device"), cell: ({ device }) => device },
    { id: "value", header: t("value"), align: "right", cell: (one) => <Value of={one} /> },
    {
      id: "at",
      header: t("measured"),
      align: "right",
      cell: ({ at }) => <When at={new Date(at).toISOString()} />,
    },
  ];
  return (
    <section className="rounded-[10px] border bg-surface" aria-label={t("lastValues")}>
      <p className="px-4 py-3 text-ui text-warn" data-testid="kept-at">
        {t("notLive", { at: dateTime(kept.savedAt, true) })}
      </p>
      <DataTable
        label={t("lastValues")}
        columns={columns}
        rows={kept.values}
        rowId={({ device, name }) => `${device}\u0000${name}`}
      />
    </section>
  );
}

function Value({ of: one }: { of: LastValue }) {
  const { text, unit } = formatBrief(one.value, one);
  return (
    <span className="whitespace-nowrap tabular-nums">
      {text} <span className="text-fg-2">{unit}</span>
    </span>
  );
}

function NoValues() {
  const t = useTranslations("offline");
  return (
    <NoticeState icon={CloudOff} title={t("noValues")} role="status">
      {t("openADashboard")}
    </NoticeState>
  );
}

/** Loads the wanted page as soon as the server answers. Returns whether it is about to. */
function useReturnWhenReachable(): boolean {
  const [isLeaving, setLeaving] = useState(false);
  useEffect(() => {
    const look = async () => {
      try {
        const { ok } = await fetch("/livez", { cache: "no-store" });
        if (!ok) return;
      } catch {
        return;
      }
      setLeaving(true);
      leave();
    };
    const lookNow = () => void look();
    const timer = setInterval(lookNow, RETRY_MS);
    window.addEventListener("online", lookNow);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", lookNow);
    };
  }, []);
  return isLeaving;
}

/** The page is shown at the address of another page. At its own address there is nothing to load again. */
function leave(): void {
  if (location.pathname === PATH) location.replace("/");
  else location.reload();
}
