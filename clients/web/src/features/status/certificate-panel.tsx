"use client";
// The certificates with their expiry, and the signing key.
import clsx from "clsx";
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Panel } from "@/components/panel";
import type { Certificate } from "@/contracts/http";
import type { WebCertificate } from "@/contracts/status";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { dateTime } from "@/lib/texts/format-time";
import type { Can } from "@/lib/permissions";
import { certificatesQuery, signingKeysQuery } from "./queries";

const DAY_MS = 86_400_000;
const SOON_DAYS = 21;

type CertificatePanelProps = {
  api: ApiClient;
  can: Can;
  /** Undefined until it is known. */
  web: WebCertificate | undefined;
};

export function CertificatePanel({ api, can, web }: CertificatePanelProps) {
  const t = useTranslations("status");
  const certificateQuery = useQuery({ ...certificatesQuery(api), enabled: can("telemetry.read") });
  const keyQuery = useQuery({ ...signingKeysQuery(api), enabled: can("keys.rotate") });
  const certificates = certificateQuery.data;
  const keys = keyQuery.data;
  const error = certificateQuery.error ?? keyQuery.error;
  const next = keys?.items.find(({ state }) => state === "next");
  return (
    <Panel title={t("certificates")} testId="panel-certificates">
      {error && (
        <p role="status" className="border-t px-4 py-3 text-ui text-warn">
          {explain(error)}
        </p>
      )}
      <ul className="divide-y border-t">
        {web && (
          <Entry
            title={t("webCertificate")}
            lifetime={web.state === "known" ? { starts: web.startsAt, ends: web.expiresAt } : undefined}
            side={
              web.state === "known" ? (
                <DaysLeft until={web.expiresAt} />
              ) : (
                web.state === "none" && t("noTlsHere")
              )
            }
          >
            {web.state === "known"
              ? t("endsAt", { name: web.name, time: dateTime(web.expiresAt) })
              : t(web.state === "none" ? "webNoTls" : "unreadable")}
          </Entry>
        )}
        {certificates?.broker_is_encrypted && (
          <Entry
            title={t("brokerCertificate")}
            lifetime={lifetimeOf(certificates.broker_certificate)}
            side={
              certificates.broker_certificate && (
                <DaysLeft until={certificates.broker_certificate.expires_at} />
              )
            }
          >
            {certificates.broker_certificate
              ? t("endsAt", {
                  name: certificates.broker_certificate.name,
                  time: dateTime(certificates.broker_certificate.expires_at),
                })
              : t("unreadable")}
          </Entry>
        )}
        {certificates && certificates.broker_authorities.length === 0 && (
          <Entry title={t("brokerAuthority")} side={!certificates.broker_is_encrypted && t("noTlsHere")}>
            {t(certificates.broker_is_encrypted ? "systemAuthorities" : "brokerNoTls")}
          </Entry>
        )}
        {certificates?.broker_authorities.map((one) => (
          <Entry
            key={one.name + one.expires_at}
            title={t("brokerAuthority")}
            lifetime={lifetimeOf(one)}
            side={<DaysLeft until={one.expires_at} />}
          >
            {t("endsAt", { name: one.name, time: dateTime(one.expires_at) })}
          </Entry>
        ))}
        {keys && (
          <Entry title={t("signingKey")}>
            {next ? t("nextKey", { time: dateTime(next.signs_from) }) : t("noNextKey")}
          </Entry>
        )}
      </ul>
    </Panel>
  );
}

type Lifetime = { readonly starts: string; readonly ends: string };

function lifetimeOf(found: Certificate | null): Lifetime | undefined {
  return found ? { starts: found.starts_at, ends: found.expires_at } : undefined;
}

type EntryProps = { title: string; lifetime?: Lifetime; side?: ReactNode; children: ReactNode };

function Entry({ title, lifetime, side, children }: EntryProps) {
  return (
    <li className="px-4 py-2.5 text-ui">
      <span className="flex justify-between gap-3">
        <span className="font-medium">{title}</span>
        {side && <span className="whitespace-nowrap text-fg-2">{side}</span>}
      </span>
      {lifetime && <Remaining {...lifetime} />}
      <span className="block text-xs wrap-anywhere text-fg-2">{children}</span>
    </li>
  );
}

/** The part of the lifetime that is left. The days beside the title say the same in words. */
function Remaining({ starts, ends }: Lifetime) {
  const share = shareLeft(Date.parse(starts), Date.parse(ends));
  const days = daysUntil(ends);
  const color = days < 0 ? "bg-crit-fill" : days < SOON_DAYS ? "bg-warn-fill" : "bg-ok-fill";
  return (
    <span aria-hidden className="my-1.5 block h-1 overflow-hidden rounded-full bg-surface-3">
      <span className={clsx("keep-color block h-full", color)} style={{ width: `${100 * share}%` }} />
    </span>
  );
}

function DaysLeft({ until }: { until: string }) {
  const t = useTranslations("status");
  const days = daysUntil(until);
  if (days < 0) return <span className="font-medium text-crit">{t("ended")}</span>;
  return (
    <span className={days < SOON_DAYS ? "font-medium text-warn" : undefined}>{t("daysLeft", { days })}</span>
  );
}

function daysUntil(time: string): number {
  return Math.floor((Date.parse(time) - Date.now()) / DAY_MS);
}

function shareLeft(from: number, until: number): number {
  return Math.min(1, Math.max(0, (until - Date.now()) / Math.max(1, until - from)));
}
