"use client";
// Where an account can sign in without a network, and how far each collector is.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import Link from "next/link";
import { Badge, type Tone } from "@/components/badge";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { When } from "@/components/when";
import type { OfflineAccount } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { userOfflineQuery } from "../queries";

type Place = OfflineAccount["collectors"][number];

export function OfflinePanel({ api, id }: { api: ApiClient; id: string }) {
  const t = useTranslations("users");
  const query = useQuery(userOfflineQuery(api, id));
  // The publisher learns of a new account a moment later.
  const isUnknown = query.error instanceof ApiError && query.error.status === 404;
  return (
    <Panel
      title={t("offline.title")}
      testId="panel-offline"
      meta={query.data && query.data.total > 0 && t("offline.upToDate", countsOf(query.data))}
      actions={
        <Link href="/offline-access" className="text-ui text-accent hover:underline">
          {t("offline.rules")}
        </Link>
      }
    >
      {isUnknown ? (
        <p className="px-4 pt-1 pb-4 text-ui text-fg-2">{t("offline.notKnownYet")}</p>
      ) : (
        <PanelContent query={query} skeletonHeight="3.25rem">
          {(found) => <Places found={found} />}
        </PanelContent>
      )}
    </Panel>
  );
}

function countsOf({ up_to_date, total }: OfflineAccount) {
  return { done: up_to_date, total };
}

function Places({ found }: { found: OfflineAccount }) {
  const t = useTranslations("users");
  return (
    <>
      <p className="px-4 pt-1 pb-3 text-ui text-fg-2" data-testid="offline-reason">
        {found.reason ? t(`offline.reasons.${found.reason}`) : t("offline.canSignIn")}
      </p>
      {found.collectors.length > 0 && (
        <ul className="max-h-72 divide-y overflow-y-auto border-t" aria-label={t("offline.collectors")}>
          {found.collectors.map((place) => (
            <li key={place.device} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui">
              <span className="min-w-0 flex-1 wrap-anywhere">
                <Link
                  href={`/devices/${encodeURIComponent(place.device)}`}
                  className="font-medium hover:underline"
                >
                  {place.name || place.device}
                </Link>
                <span className="block text-xs text-fg-2">
                  {place.site && t("offline.site", { site: place.site })} <When at={place.changed} />
                </span>
              </span>
              <Badge tone={toneOf(place)}>{t(`offline.states.${stateOf(place)}`)}</Badge>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function stateOf({ state, is_acknowledged, has_verifier }: Place) {
  if (state === "revoked") return is_acknowledged ? "ended" : "endUnconfirmed";
  if (!is_acknowledged) return "onItsWay";
  return has_verifier ? "upToDate" : "noVerifier";
}

function toneOf(place: Place): Tone {
  const tones: Record<ReturnType<typeof stateOf>, Tone> = {
    ended: "neutral",
    endUnconfirmed: "crit",
    onItsWay: "warn",
    upToDate: "ok",
    noVerifier: "info",
  };
  return tones[stateOf(place)];
}
