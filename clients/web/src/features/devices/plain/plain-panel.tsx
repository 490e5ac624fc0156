"use client";
// How the messages of a plain device are read, and what was skipped.
import { useTranslations } from "next-intl";
import { useQuery } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { When } from "@/components/when";
import type { ApiClient, Tagged } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import type { PlainDevice } from "./plain-settings";
import { PlainSettingsDialog } from "./plain-settings-dialog";

export function PlainPanel({ api, can, id }: { api: ApiClient; can: Can; id: string }) {
  const t = useTranslations("devices");
  const [edited, setEdited] = useState<Tagged<PlainDevice> | null>(null);
  const query = useQuery({
    queryKey: ["plain", id],
    queryFn: ({ signal }) =>
      api.getTagged("/api/telemetry/devices/{device}/plain", { path: { device: id }, signal }),
  });
  return (
    <Panel
      title={t("messages")}
      meta={t("howTheyAreRead")}
      testId="panel-plain"
      actions={
        can("telemetry.manage") && (
          <Button
            onClick={() => query.data && setEdited(query.data)}
            disabled={!query.data}
            data-testid="edit-plain"
          >
            <Pencil className="size-4" aria-hidden />
            {t("edit")}
          </Button>
        )
      }
    >
      <PanelContent query={query} skeletonHeight="6rem">
        {({ body: { settings, skipped } }) => (
          <div className="space-y-3 border-t px-4 py-3 text-ui">
            <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-[10rem_minmax(0,1fr)]">
              <dt className="text-fg-2">{t("namesOfTheTime")}</dt>
              <dd className="wrap-anywhere">{settings.time_keys?.join(", ") || t("none")}</dd>
              <dt className="text-fg-2">{t("timeZone")}</dt>
              <dd>{settings.time_zone}</dd>
              <dt className="text-fg-2">{t("leftOut")}</dt>
              <dd className="wrap-anywhere">{settings.left_out?.join(", ") || t("nothing")}</dd>
              <dt className="text-fg-2">{t("numbersInText")}</dt>
              <dd>{settings.takes_text ? t("converted") : t("skipped")}</dd>
            </dl>
            {skipped.length > 0 && (
              <div>
                <h3 className="font-medium">{t("skippedValues")}</h3>
                <ul className="divide-y">
                  {skipped.map(({ name, n, example, last_at }) => (
                    <li key={name} className="flex flex-wrap gap-x-3 py-1.5">
                      <span className="min-w-0 flex-1 font-mono text-xs wrap-anywhere">{name}</span>
                      <span className="text-fg-2 wrap-anywhere">
                        {last_at
                          ? t.rich("skippedTimes", { n, example, when: () => <When at={last_at} /> })
                          : t("skippedTimesNever", { n, example })}
                      </span>
                    </li>
                  ))}
                </ul>
              </div>
            )}
          </div>
        )}
      </PanelContent>
      {edited && (
        <PlainSettingsDialog
          api={api}
          id={id}
          loaded={edited}
          onSaved={() => void query.refetch()}
          onClose={() => setEdited(null)}
        />
      )}
    </Panel>
  );
}
