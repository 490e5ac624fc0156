"use client";
// Which roles must have a second factor.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import { CHECKBOX } from "@/components/form/input";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import { ROLES, type Role } from "@/contracts/generated/permissions";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { policyQuery } from "./queries";

const ALL_ROLES = Object.keys(ROLES) as readonly Role[];

export function PolicyPanel({ api, canCount }: { api: ApiClient; canCount: boolean }) {
  const t = useTranslations("admin.policy");
  const query = useQuery(policyQuery(api));
  return (
    <Panel title={t("title")} testId="panel-policy">
      <PanelContent query={query} skeletonHeight="9rem">
        {({ second_factor_roles: roles }) => (
          // What was saved is the new start.
          <PolicyForm key={roles.join(" ")} api={api} saved={roles} canCount={canCount} />
        )}
      </PanelContent>
    </Panel>
  );
}

type PolicyFormProps = { api: ApiClient; saved: readonly Role[]; canCount: boolean };

function PolicyForm({ api, saved, canCount }: PolicyFormProps) {
  const t = useTranslations("admin.policy");
  const common = useTranslations("admin");
  const roleNames = useTranslations("common.roles");
  const client = useQueryClient();
  const [chosen, setChosen] = useState<readonly Role[]>(saved);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const isDirty = ALL_ROLES.some((role) => chosen.includes(role) !== saved.includes(role));

  const save = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const body = { second_factor_roles: [...chosen] };
      client.setQueryData(policyQuery(api).queryKey, await api.put("/api/auth/policy", { body }));
      client.setQueryData(["admin", "policy-saved"], true);
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      className="space-y-3 px-4 pt-1 pb-4"
      aria-busy={isBusy}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <FormProblem>{problem}</FormProblem>
      {!isDirty && client.getQueryData(["admin", "policy-saved"]) === true && (
        <FormNotice testId="policy-saved">{common("saved")}</FormNotice>
      )}
      <fieldset className="space-y-2">
        <legend className="mb-2 text-ui text-fg-2">{t("who")}</legend>
        {ALL_ROLES.map((role) => (
          <label key={role} className="flex items-center gap-2.5 text-ui">
            <input
              type="checkbox"
              className={CHECKBOX}
              data-testid={`policy-${role}`}
              checked={chosen.includes(role)}
              onChange={({ target }) =>
                setChosen(target.checked ? [...chosen, role] : chosen.filter((one) => one !== role))
              }
            />
            <span className="font-medium">{roleNames(role)}</span>
            {canCount && <AccountCount api={api} role={role} />}
          </label>
        ))}
      </fieldset>
      <p className="text-xs text-fg-2">{t("effect")}</p>
      <Button type="submit" tone="primary" disabled={isBusy || !isDirty} data-testid="policy-save">
        {isBusy ? common("saving") : common("save")}
      </Button>
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
