"use client";
// Entries of the audit log, newest first.
import { useTranslations } from "next-intl";
import { dateTime } from "@/lib/texts/format-time";
import { numberLocale } from "@/lib/texts/page-locale";
import { useQuery } from "@tanstack/react-query";
import type { AuditEntry } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import type { Filter } from "./queries";

type EntryListProps = {
  api: ApiClient;
  canNamePeople: boolean;
  entries: readonly AuditEntry[];
  onFilter: (filter: Partial<Filter>) => void;
};

/** A person as an actor, and as a target. */
const PERSON = /^(?:account:)?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/;

export function EntryList({ api, canNamePeople, entries, onFilter }: EntryListProps) {
  const t = useTranslations("audit");
  const kindText = (kind: string) => {
    const key = `kinds.${kind}` as "kinds.signed_in";
    return t.has(key) ? t(key) : kind.replaceAll("_", " ");
  };
  const who = (id: string | null, name: "actor" | "target") =>
    id === null ? (
      <span className="text-fg-2">{name === "actor" ? t("theSystem") : "–"}</span>
    ) : (
      <button
        type="button"
        className="min-h-6 max-w-full text-left wrap-anywhere hover:text-accent hover:underline"
        title={name === "actor" ? t("onlyThisPerson", { id }) : t("onlyThisSubject", { id })}
        onClick={() => onFilter({ [name]: id })}
      >
        <Name api={api} id={id} isAllowed={canNamePeople} />
      </button>
    );
  return (
    <ol className="divide-y border-t" aria-label={t("entries")}>
      {entries.map((entry) => (
        <li
          key={entry.n}
          data-testid="audit-entry"
          data-kind={entry.kind}
          className="grid gap-x-4 gap-y-1 px-4 py-2 text-ui md:grid-cols-[3.5rem_9.5rem_minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)]"
        >
          <span className="text-xs leading-6 text-fg-2 tabular-nums">
            {entry.n.toLocaleString(numberLocale())}
          </span>
          <time dateTime={entry.at} className="text-xs leading-6 whitespace-nowrap text-fg-2 tabular-nums">
            {dateTime(entry.at, true)}
          </time>
          <span className="min-w-0">
            <button
              type="button"
              className="min-h-6 text-left font-medium wrap-anywhere hover:text-accent hover:underline"
              title={t("showEntriesOfThisKind")}
              onClick={() => onFilter({ kind: entry.kind })}
            >
              {kindText(entry.kind)}
            </button>
            <Changes entry={entry} />
          </span>
          <span className="min-w-0">
            {who(entry.actor, "actor")}
            {entry.address && (
              <span className="block text-2xs text-fg-2">{t("fromAddress", { address: entry.address })}</span>
            )}
          </span>
          <span className="min-w-0">{who(entry.target, "target")}</span>
        </li>
      ))}
    </ol>
  );
}

function Name({ api, id, isAllowed }: { api: ApiClient; id: string; isAllowed: boolean }) {
  const person = PERSON.exec(id)?.[1] ?? "";
  const { data } = useQuery({
    queryKey: ["audit", "person", person],
    queryFn: ({ signal }) => api.get("/api/users/{id}", { path: { id: person }, signal }),
    enabled: person !== "" && isAllowed,
    // A deleted account stays unknown.
    retry: false,
    staleTime: 300_000,
  });
  return data ? <>{data.name}</> : <span className="font-mono text-xs">{id}</span>;
}

function Changes({ entry: { before, after } }: { entry: AuditEntry }) {
  const t = useTranslations("audit");
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (names.length === 0) return null;
  return (
    <details className="text-xs text-fg-2">
      <summary className="cursor-pointer py-1">{t("values", { count: names.length })}</summary>
      <dl className="mt-1 space-y-0.5">
        {names.map((name) => (
          <div key={name} className="wrap-anywhere">
            <dt className="inline font-medium">{name.replaceAll("_", " ")}: </dt>
            <dd className="inline font-mono text-2xs">
              {before && name in before && (
                <>
                  <del>{valueText(before[name])}</del>{" "}
                </>
              )}
              {after && name in after && valueText(after[name])}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
