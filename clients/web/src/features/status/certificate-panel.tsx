"use client";
// The certificates with their expiry, and the signing key.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Panel } from "@/components/panel";
import type { WebCertificate } from "@/contracts/status";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { dateTime } from "@/lib/format-time";
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
        {certificates && certificates.broker_authorities.length === 0 && (
          <Entry title={t("brokerAuthority")} side={!certificates.broker_is_encrypted && t("noTlsHere")}>
            {t(certificates.broker_is_encrypted ? "systemAuthorities" : "brokerNoTls")}
          </Entry>
        )}
        {certificates?.broker_authorities.map(({ name, expires_at }) => (
          <Entry key={name + expires_at} title={t("brokerAuthority")} side={<DaysLeft until={expires_at} />}>
            {t("endsAt", { name, time: dateTime(expires_at) })}
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

type EntryProps = { title: string; side?: ReactNode; children: ReactNode };

function Entry({ title, side, children }: EntryProps) {
  return (
    <li className="px-4 py-2.5 text-ui">
      <span className="flex justify-between gap-3">
        <span className="font-medium">{title}</span>
        {side && <span className="whitespace-nowrap text-fg-2">{side}</span>}
      </span>
      <span className="block text-xs wrap-anywhere text-fg-2">{children}</span>
    </li>
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
