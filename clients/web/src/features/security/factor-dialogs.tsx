"use client";
// What is done with a second factor that there is: other recovery codes, or switching it off.
import { useId, useState } from "react";
import { Dialog } from "@/components/dialog";
import { FormProblem } from "@/components/form/form-problem";
import { PasswordField } from "@/components/form/password-field";
import { SubmitButton } from "@/components/form/submit-button";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { CodeField, codeOf } from "./code-field";
import { RecoveryCodes } from "./recovery-codes";
import { typed, useSubmission } from "./use-submission";
import { UsernameField } from "./username-field";

const CODE_WORDS = {
  invalid_request: "A code has six digits; a recovery code has sixteen letters and digits.",
};
const RECOVERY_LENGTH = 32;

type RenewDialogProps = { api: ApiClient; onRenewed: () => void; onClose: () => void };

/** Open as long as it is rendered. */
export function RenewDialog({ api, onRenewed, onClose }: RenewDialogProps) {
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(
    async (form) => {
      const body = { code: codeOf(typed(form, "code")) };
      const { recovery_codes } = await api.post("/api/auth/second-factor/recovery-codes", { body });
      setCodes(recovery_codes);
      onRenewed();
    },
    (error) => explain(error, CODE_WORDS),
  );
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={codes ? "Keep your recovery codes" : "New recovery codes"}
      isLocked={codes !== null}
    >
      {codes ? (
        <RecoveryCodes codes={codes} onDone={onClose} />
      ) : (
        <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
          <p className="text-ui text-fg-2">You get ten new codes, and the old ones are void.</p>
          <FormProblem id={errorId} testId="renew-error">
            {problem}
          </FormProblem>
          <CodeField
            autoFocus
            maxLength={RECOVERY_LENGTH}
            hint="Of your app, or one of the recovery codes that are left."
            aria-describedby={problem ? errorId : undefined}
          />
          <SubmitButton isBusy={isBusy} busyText="One moment…" data-testid="renew-confirm">
            Make new codes
          </SubmitButton>
        </form>
      )}
    </Dialog>
  );
}

type DisableDialogProps = { api: ApiClient; email: string; onDisabled: () => void; onClose: () => void };

/** Open as long as it is rendered. */
export function DisableDialog({ api, email, onDisabled, onClose }: DisableDialogProps) {
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(
    async (form) => {
      const body = { password: typed(form, "password"), code: codeOf(typed(form, "code")) };
      await api.post("/api/auth/second-factor/disable", { body });
      onDisabled();
      onClose();
    },
    (error) => explain(error, { wrong_password: "The password is wrong.", ...CODE_WORDS }),
  );
  const describedBy = problem ? errorId : undefined;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Switch the second factor off">
      <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
        <p className="text-ui text-fg-2">After that your password alone opens your account.</p>
        <FormProblem id={errorId} testId="disable-error">
          {problem}
        </FormProblem>
        <UsernameField email={email} />
        <PasswordField
          label="Password"
          name="password"
          autoComplete="current-password"
          fieldSize="md"
          autoFocus
          data-testid="disable-password"
          aria-describedby={describedBy}
        />
        <CodeField
          maxLength={RECOVERY_LENGTH}
          hint="Of your app, or a recovery code."
          aria-describedby={describedBy}
        />
        <SubmitButton tone="danger" isBusy={isBusy} busyText="One moment…" data-testid="disable-confirm">
          Switch off
        </SubmitButton>
      </form>
    </Dialog>
  );
}
