"use client";
// Changes the password of the signed-in account, which ends every session.
import { useTranslations } from "next-intl";
import { useId, useState } from "react";
import { FormProblem } from "@/components/form/form-problem";
import { Panel } from "@/components/panel";
import { PasswordField } from "@/components/form/password-field";
import { SubmitButton } from "@/components/form/submit-button";
import type { ApiClient } from "@/lib/api/api-client";
import { NewPasswordField } from "./new-password-field";
import { typed, useSubmission } from "./use-submission";
import { useStrength } from "./use-strength";
import { UsernameField } from "./username-field";

type PasswordPanelProps = { api: ApiClient; email: string; onChanged: () => Promise<void> };

export function PasswordPanel({ api, email, onChanged }: PasswordPanelProps) {
  const t = useTranslations("security");
  const [password, setPassword] = useState("");
  const strength = useStrength(api, password);
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(
    async (form) => {
      const body = { current: typed(form, "current-password"), new: password };
      await api.put("/api/profile/password", { body });
      await onChanged();
    },
    { stayBusy: true },
  );
  const describedBy = problem ? errorId : undefined;
  return (
    <Panel title={t("password")} testId="panel-password">
      <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4 px-4 pt-1 pb-4">
        <FormProblem id={errorId} testId="password-error">
          {problem}
        </FormProblem>
        <UsernameField email={email} />
        <div className="grid gap-4 sm:grid-cols-2">
          <PasswordField
            label={t("currentPassword")}
            name="current-password"
            autoComplete="current-password"
            fieldSize="md"
            data-testid="current-password"
            aria-describedby={describedBy}
          />
          <NewPasswordField
            value={password}
            onChange={setPassword}
            strength={strength}
            describedBy={describedBy}
            fieldSize="md"
          />
        </div>
        <div className="flex flex-wrap items-center gap-3">
          <SubmitButton isBusy={isBusy} busyText={t("changing")} data-testid="change-password">
            {t("changePassword")}
          </SubmitButton>
          <p className="text-xs text-fg-2">{t("thisEndsAllYourSessions")}</p>
        </div>
      </form>
    </Panel>
  );
}
