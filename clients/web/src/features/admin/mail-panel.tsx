"use client";
// Whether the system can send mail, and a test.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { MailTest } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { mailQuery } from "./queries";

export function MailPanel({ api }: { api: ApiClient }) {
  const t = useTranslations("admin.mail");
  const query = useQuery(mailQuery(api));
  const test = useMutation({ mutationFn: () => api.post("/api/users/mail/test") });
  return (
    <Panel
      title={t("title")}
      testId="panel-mail"
      actions={
        query.data && (
          <Badge tone={query.data.server ? "ok" : "neutral"}>
            {query.data.server ? t("configured") : t("notConfigured")}
          </Badge>
        )
      }
    >
      <PanelContent query={query} skeletonHeight="8rem">
        {({ server }) =>
          server === null ? (
            <p className="border-t px-4 py-3 text-ui text-fg-2">{t("none")}</p>
          ) : (
            <div className="space-y-3 border-t px-4 py-3">
              <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-6 gap-y-1.5 text-ui">
                <Row name={t("server")} value={`${server.host}:${server.port}`} />
                <Row name={t("sender")} value={server.sender} />
                <Row name={t("encryption")} value={t(`encryptions.${server.encryption}`)} />
                <Row name={t("password")} value={server.has_password ? t("isSet") : t("isNotSet")} />
              </dl>
              <FormProblem testId="mail-problem">
                {test.error
                  ? explain(test.error)
                  : isTaken(test.data)
                    ? null
                    : t(test.data.outcome, test.data)}
              </FormProblem>
              <FormNotice testId="mail-accepted">
                {test.data?.outcome === "accepted" && t("accepted", { to: test.data.to })}
              </FormNotice>
              <Button onClick={() => test.mutate()} disabled={test.isPending} data-testid="mail-test">
                {test.isPending ? t("sending") : t("test")}
              </Button>
            </div>
          )
        }
      </PanelContent>
    </Panel>
  );
}

/** True when there is nothing to complain about. */
function isTaken(result: MailTest | undefined): result is undefined {
  return result === undefined || result.outcome === "accepted";
}

function Row({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt className="text-fg-2">{name}</dt>
      <dd className="wrap-anywhere">{value}</dd>
    </>
  );
}
