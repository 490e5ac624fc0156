"use client";
// How long people may sign in offline, by role. A change shows what it does before it is saved.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowRight, Pencil } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { Mirror } from "@/contracts/http";
import type { ApiClient, Tagged } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { useVersionedForm, type Version } from "@/lib/forms/use-versioned-form";
import { leaseText } from "./lease-text";
import { leaseChanges, leaseSchema, leasesOf, valuesOf, type Leases, type LeaseValues } from "./leases";
import { OFFLINE_KEY, policyQuery } from "./queries";

type LeasesPanelProps = { api: ApiClient; can: Can; managed: readonly Mirror[] };

export function LeasesPanel({ api, can, managed }: LeasesPanelProps) {
  const t = useTranslations("offline-access");
  const query = useQuery(policyQuery(api));
  const [edited, setEdited] = useState<Tagged<Leases> | null>(null);
  return (
    <Panel
      title={t("leases")}
      meta={t("afterTheLastContact")}
      testId="panel-leases"
      actions={
        can("mirror.manage") && (
          <Button
            onClick={() => query.data && setEdited(query.data)}
            disabled={!query.data}
            data-testid="edit-leases"
          >
            <Pencil className="size-4" aria-hidden />
            {t("edit")}
          </Button>
        )
      }
    >
      <PanelContent query={query} skeletonHeight="3rem">
        {({ body }) => (
          <dl className="grid gap-x-4 gap-y-1 border-t px-4 py-3 text-ui sm:grid-cols-[10rem_minmax(0,1fr)]">
            <dt className="text-fg-2">{t("roleNames.user")}</dt>
            <dd data-testid="lease-user">{leaseText(body.user_lease_s)}</dd>
            <dt className="text-fg-2">{t("roleNames.admin")}</dt>
            <dd data-testid="lease-admin">{leaseText(body.admin_lease_s)}</dd>
          </dl>
        )}
      </PanelContent>
      {edited && (
        <Dialog
          open
          onOpenChange={(open) => !open && setEdited(null)}
          title={t("editTheLeases")}
          description={t("howLongAfterTheLastContact")}
        >
          <LeaseForm api={api} loaded={edited} managed={managed} onClose={() => setEdited(null)} />
        </Dialog>
      )}
    </Panel>
  );
}

type LeaseFormProps = {
  api: ApiClient;
  loaded: Tagged<Leases>;
  managed: readonly Mirror[];
  onClose: () => void;
};

const versionOf = ({ body, etag }: Tagged<Leases>): Version<LeaseValues> => ({
  values: valuesOf(body),
  etag,
});

function LeaseForm({ api, loaded, managed, onClose }: LeaseFormProps) {
  const t = useTranslations("offline-access");
  const client = useQueryClient();
  const [stored, setStored] = useState(loaded.body);
  const { form, submit, change, wasRestored, discard } = useVersionedForm<LeaseValues>({
    draft: "leases",
    schema: leaseSchema,
    loaded: versionOf(loaded),
    reload: async () => {
      const newest = await client.fetchQuery({ ...policyQuery(api), staleTime: 0 });
      setStored(newest.body);
      return versionOf(newest);
    },
    save: (values, ifMatch) => api.put("/api/sync/policy", { body: leasesOf(values), ifMatch }),
    onSaved: () => {
      void client.invalidateQueries({ queryKey: OFFLINE_KEY });
      onClose();
    },
  });
  const { errors, isSubmitting } = form.formState;
  const labels = { user: t("roleNames.user"), admin: t("roleNames.admin") };
  const changes = leaseChanges(stored, form.watch());
  return (
    <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-4">
      <FormProblem testId="lease-error">{errors.root?.message}</FormProblem>
      {change && (
        <ChangeNotice
          change={change}
          labels={labels}
          show={(field, values) => t("hours", { count: Number(values[field]) })}
        />
      )}
      {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
      {(["user", "admin"] as const).map((role) => (
        <TextField
          key={role}
          label={t("leaseInHours", { role: labels[role] })}
          hint={t(`leaseBounds.${role}`)}
          fieldSize="md"
          inputMode="decimal"
          autoComplete="off"
          maxLength={20}
          className="max-w-32"
          data-testid={`lease-${role}-hours`}
          error={errors[role]?.message}
          {...form.register(role)}
        />
      ))}
      <div
        className="rounded-[7px] bg-surface-2 px-3 py-2 text-ui"
        aria-live="polite"
        data-testid="lease-preview"
      >
        {!changes ? (
          t("enterValidHours")
        ) : changes.length === 0 ? (
          t("nothingWouldChange")
        ) : (
          <>
            <ul>
              {changes.map(({ role, from, to }) => (
                <li key={role} className="flex flex-wrap items-center gap-x-2">
                  <span className="text-fg-2">{labels[role]}</span>
                  <span>{from}</span>
                  <ArrowRight className="size-3.5 text-fg-3" role="img" aria-label={t("becomes")} />
                  <span className="font-medium">{to}</span>
                </li>
              ))}
            </ul>
            <p className="mt-1 text-xs text-fg-2">
              {t("collectorsGetTheRecords", { count: managed.length })}
            </p>
          </>
        )}
      </div>
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t("cancel")}</Button>
        <SubmitButton isBusy={isSubmitting} busyText={t("saving")} data-testid="lease-submit">
          {t("save")}
        </SubmitButton>
      </div>
    </form>
  );
}
