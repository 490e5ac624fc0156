"use client";
// Which roles must have a second factor.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import { CHECKBOX } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { Role } from "@/contracts/generated/permissions";
import type { Policy } from "@/contracts/http";
import type { ApiClient, Tagged } from "@/lib/api/api-client";
import { useVersionedForm } from "@/lib/forms/use-versioned-form";
import { ALL_ROLES, policySchema, rolesOf, valuesOf, type PolicyValues } from "./policy-schema";
import { policyQuery } from "./queries";

export function PolicyPanel({ api, canCount }: { api: ApiClient; canCount: boolean }) {
  const t = useTranslations("admin.policy");
  const client = useQueryClient();
  const [isSaved, setSaved] = useState(false);
  const query = useQuery(policyQuery(api));
  return (
    <Panel title={t("title")} testId="panel-policy">
      <PanelContent query={query} skeletonHeight="9rem">
        {(loaded) => (
          <PolicyForm
            // What was saved is the new start.
            key={loaded.etag}
            api={api}
            loaded={loaded}
            canCount={canCount}
            isJustSaved={isSaved}
            onSaved={() => {
              setSaved(true);
              void client.refetchQueries({ queryKey: policyQuery(api).queryKey });
            }}
          />
        )}
      </PanelContent>
    </Panel>
  );
}

type PolicyFormProps = {
  api: ApiClient;
  loaded: Tagged<Policy>;
  canCount: boolean;
  isJustSaved: boolean;
  onSaved: () => void;
};

function PolicyForm({ api, loaded, canCount, isJustSaved, onSaved }: PolicyFormProps) {
  const t = useTranslations("admin.policy");
  const common = useTranslations("admin");
  const roleNames = useTranslations("common.roles");
  const { form, submit, change, wasRestored, discard } = useVersionedForm<PolicyValues>({
    draft: "admin:policy",
    schema: policySchema,
    loaded: { values: valuesOf(loaded.body), etag: loaded.etag },
    reload: async () => {
      const { body, etag } = await api.getTagged("/api/auth/policy");
      return { values: valuesOf(body), etag };
    },
    save: (values, ifMatch) =>
      api.put("/api/auth/policy", { body: { second_factor_roles: rolesOf(values) }, ifMatch }),
    onSaved,
  });
  const { errors, isDirty, isSubmitting } = form.formState;
  const labels = Object.fromEntries(ALL_ROLES.map((role) => [role, roleNames(role)])) as Record<Role, string>;
  return (
    <form
      method="post"
      noValidate
      className="space-y-3 px-4 pt-1 pb-4"
      aria-busy={isSubmitting}
      onSubmit={(event) => void submit(event)}
    >
      <FormProblem testId="policy-error">{errors.root?.message}</FormProblem>
      {isJustSaved && !isDirty && <FormNotice testId="policy-saved">{common("saved")}</FormNotice>}
      {change && (
        <ChangeNotice
          change={change}
          labels={labels}
          show={(role, values) => t(values[role] ? "mandatory" : "optional")}
        />
      )}
      {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
      <fieldset className="space-y-2">
        <legend className="mb-2 text-ui text-fg-2">{t("who")}</legend>
        {ALL_ROLES.map((role) => (
          <label key={role} className="flex items-center gap-2.5 text-ui">
            <input
              type="checkbox"
              className={CHECKBOX}
              data-testid={`policy-${role}`}
              {...form.register(role)}
            />
            <span className="font-medium">{labels[role]}</span>
            {canCount && <AccountCount api={api} role={role} />}
          </label>
        ))}
      </fieldset>
      <p className="text-xs text-fg-2">{t("effect")}</p>
      <SubmitButton
        isBusy={isSubmitting}
        busyText={common("saving")}
        disabled={!isDirty}
        data-testid="policy-save"
      >
        {common("save")}
      </SubmitButton>
    </form>
  );
}

function AccountCount({ api, role }: { api: ApiClient; role: Role }) {
  const t = useTranslations("admin.policy");
  const { data } = useQuery({
    queryKey: ["admin", "accounts", role],
    queryFn: ({ signal }) => api.get("/api/users", { query: { role, limit: 1 }, signal }),
    staleTime: 60_000,
  });
  return data ? <span className="text-xs text-fg-2">{t("accounts", { count: data.total })}</span> : null;
}
