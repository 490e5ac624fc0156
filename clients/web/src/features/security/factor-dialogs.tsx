"use client";
// Dialogs for an existing second factor: new recovery codes, and disabling it.
import { useTranslations } from "next-intl";
import { useId, useState } from "react";
import { Dialog } from "@/components/dialog";
import { FormProblem } from "@/components/form/form-problem";
import { PasswordField } from "@/components/form/password-field";
import { SubmitButton } from "@/components/form/submit-button";
import type { ApiClient } from "@/lib/api/api-client";
import { CodeField, codeOf } from "./code-field";
import { RecoveryCodes } from "./recovery-codes";
import { typed, useSubmission } from "./use-submission";
import { UsernameField } from "./username-field";

const RECOVERY_LENGTH = 32;

type RenewDialogProps = { api: ApiClient; onRenewed: () => void; onClose: () => void };

/** The dialog is open while it is rendered. */
export function RenewDialog({ api, onRenewed, onClose }: RenewDialogProps) {
  const t = useTranslations("security");
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(
    async (form) => {
      const body = { code: codeOf(typed(form, "code")) };
      const { recovery_codes } = await api.post("/api/auth/second-factor/recovery-codes", { body });
      setCodes(recovery_codes);
      onRenewed();
    },
    { fieldHint: t("aCodeHasSixDigits") },
  );
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={codes ? t("saveYourRecoveryCodes") : t("newRecoveryCodes")}
      isLocked={codes !== null}
    >
      {codes ? (
        <RecoveryCodes codes={codes} onDone={onClose} />
      ) : (
        <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
          <p className="text-ui text-fg-2">{t("youGetTenNewCodes")}</p>
          <FormProblem id={errorId} testId="renew-error">
            {problem}
          </FormProblem>
          <CodeField
            autoFocus
            maxLength={RECOVERY_LENGTH}
            hint={t("fromYourAuthenticatorAppOr")}
            aria-describedby={problem ? errorId : undefined}
          />
          <SubmitButton isBusy={isBusy} busyText={t("working")} data-testid="renew-confirm">
            {t("createNewCodes")}
          </SubmitButton>
        </form>
      )}
    </Dialog>
  );
}

type DisableDialogProps = { api: ApiClient; email: string; onDisabled: () => void; onClose: () => void };

/** The dialog is open while it is rendered. */
export function DisableDialog({ api, email, onDisabled, onClose }: DisableDialogProps) {
  const t = useTranslations("security");
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(
    async (form) => {
      const body = { password: typed(form, "password"), code: codeOf(typed(form, "code")) };
      await api.post("/api/auth/second-factor/disable", { body });
      onDisabled();
      onClose();
    },
    { fieldHint: t("aCodeHasSixDigits") },
  );
  const describedBy = problem ? errorId : undefined;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t("disableTheSecondFactor")}>
      <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
        <p className="text-ui text-fg-2">{t("afterThatYourPasswordAlone")}</p>
        <FormProblem id={errorId} testId="disable-error">
          {problem}
        </FormProblem>
        <UsernameField email={email} />
        <PasswordField
          label={t("password")}
          name="password"
          autoComplete="current-password"
          fieldSize="md"
          autoFocus
          data-testid="disable-password"
          aria-describedby={describedBy}
        />
        <CodeField
          maxLength={RECOVERY_LENGTH}
          hint={t("fromYourAuthenticatorAppOr2")}
          aria-describedby={describedBy}
        />
        <SubmitButton tone="danger" isBusy={isBusy} busyText={t("working")} data-testid="disable-confirm">
          {t("disable")}
        </SubmitButton>
      </form>
    </Dialog>
  );
}
