"use client";
// Shows the second factor of the account, and opens the dialogs that change it.
import { useTranslations } from "next-intl";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { Panel } from "@/components/panel";
import { When } from "@/components/when";
import type { SecondFactor } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { DisableDialog, RenewDialog } from "./factor-dialogs";
import { PanelContent } from "@/components/panel-content";
import { secondFactorQuery } from "./queries";
import { SetUpDialog } from "./set-up-dialog";

const FEW_CODES = 3;

type SecondFactorPanelProps = {
  api: ApiClient;
  email: string;
  /** Called when a second factor was set up. It changes the session's permissions. */
  onEnabled: () => void;
};

export function SecondFactorPanel({ api, email, onEnabled }: SecondFactorPanelProps) {
  const t = useTranslations("security");
  const [dialog, setDialog] = useState<"set-up" | "renew" | "disable" | null>(null);
  const client = useQueryClient();
  const query = useQuery(secondFactorQuery(api));
  const changed = () => void client.invalidateQueries({ queryKey: secondFactorQuery(api).queryKey });
  const close = () => setDialog(null);
  return (
    <Panel
      title={t("secondFactor")}
      testId="panel-second-factor"
      actions={
        query.data && (
          <Badge tone={query.data.is_enabled ? "ok" : "neutral"}>
            {query.data.is_enabled ? t("on") : t("off")}
          </Badge>
        )
      }
    >
      <PanelContent query={query} skeletonHeight="3.5rem">
        {(factor) => (
          <div className="flex flex-wrap items-center gap-x-4 gap-y-3 px-4 pt-1 pb-4">
            <div className="min-w-0 flex-1 basis-72 text-ui text-fg-2">
              {factor.is_enabled ? <IsOn factor={factor} /> : <IsOff factor={factor} />}
            </div>
            <div className="flex flex-wrap gap-2">
              {factor.is_enabled ? (
                <>
                  <Button onClick={() => setDialog("renew")} data-testid="renew-codes">
                    {t("newRecoveryCodes")}
                  </Button>
                  {!factor.is_mandatory && (
                    <Button tone="danger" onClick={() => setDialog("disable")} data-testid="disable-factor">
                      {t("disable")}
                    </Button>
                  )}
                </>
              ) : (
                <Button tone="primary" onClick={() => setDialog("set-up")} data-testid="set-up-factor">
                  {t("setUp")}
                </Button>
              )}
            </div>
          </div>
        )}
      </PanelContent>
      {dialog === "set-up" && (
        <SetUpDialog
          api={api}
          email={email}
          onClose={close}
          onEnabled={() => {
            changed();
            onEnabled();
          }}
        />
      )}
      {dialog === "renew" && <RenewDialog api={api} onClose={close} onRenewed={changed} />}
      {dialog === "disable" && <DisableDialog api={api} email={email} onClose={close} onDisabled={changed} />}
    </Panel>
  );
}

function IsOn({ factor }: { factor: SecondFactor }) {
  const t = useTranslations("security");
  const left = factor.recovery_codes_left;
  return (
    <>
      <p>
        {factor.enabled_at
          ? t.rich("codeNeededSince", { when: () => <When at={factor.enabled_at!} /> })
          : t("codeNeeded")}
        {factor.is_mandatory && ` ${t("mandatory")}`}
      </p>
      <p className={left <= FEW_CODES ? "text-warn" : undefined} data-testid="codes-left">
        {t("codesLeft", { count: left })}
        {left <= FEW_CODES && ` ${t("createNewOnes")}`}
      </p>
    </>
  );
}

function IsOff({ factor }: { factor: SecondFactor }) {
  const t = useTranslations("security");
  return (
    <p>
      {t("whySecondFactor")}
      {factor.is_mandatory && ` ${t("mandatory")}`}
    </p>
  );
}
