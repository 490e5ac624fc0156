"use client";
// The second factor of an account.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { When } from "@/components/when";
import type { ApiClient } from "@/lib/api/api-client";
import { userFactorQuery } from "../queries";
import { Fact } from "./fact";

type FactorPanelProps = { api: ApiClient; account: string; isOwn: boolean; onReset: () => void };

export function FactorPanel({ api, account, isOwn, onReset }: FactorPanelProps) {
  const t = useTranslations("users");
  const query = useQuery(userFactorQuery(api, account));
  const factor = query.data;
  return (
    <Panel
      title={t("secondFactor")}
      testId="panel-factor"
      meta={
        factor && (
          <Badge tone={factor.is_enabled ? "ok" : factor.is_mandatory ? "warn" : "neutral"}>
            {factor.is_enabled ? t("factorOn") : t("factorOff")}
          </Badge>
        )
      }
      actions={
        factor?.is_enabled &&
        !isOwn && (
          <Button tone="danger" onClick={onReset} data-testid="reset-factor">
            {t("remove")}
          </Button>
        )
      }
    >
      <PanelContent query={query} skeletonHeight="4rem">
        {(found) => (
          <dl className="divide-y border-t text-ui">
            <Fact label={t("factorSince")}>
              {found.enabled_at ? <When at={found.enabled_at} /> : t("notSetUp")}
            </Fact>
            {found.is_enabled && (
              <Fact label={t("recoveryCodesLeft")}>{String(found.recovery_codes_left)}</Fact>
            )}
            <Fact label={t("requiredByRole")}>{found.is_mandatory ? t("yes") : t("no")}</Fact>
          </dl>
        )}
      </PanelContent>
    </Panel>
  );
}
