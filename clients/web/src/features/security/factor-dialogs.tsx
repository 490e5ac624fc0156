"use client";
// Dialogs for an existing second factor: new recovery codes, and disabling it.
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

const CODE_HINT = "A code has six digits. A recovery code has sixteen letters and digits.";
const RECOVERY_LENGTH = 32;

type RenewDialogProps = { api: ApiClient; onRenewed: () => void; onClose: () => void };

/** The dialog is open while it is rendered. */
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
    { fieldHint: CODE_HINT },
  );
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={codes ? "Save your recovery codes" : "New recovery codes"}
      isLocked={codes !== null}
    >
      {codes ? (
        <RecoveryCodes codes={codes} onDone={onClose} />
      ) : (
        <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
          <p className="text-ui text-fg-2">You get ten new codes. The old ones stop working.</p>
          <FormProblem id={errorId} testId="renew-error">
            {problem}
          </FormProblem>
          <CodeField
            autoFocus
            maxLength={RECOVERY_LENGTH}
            hint="From your authenticator app, or a remaining recovery code"
            aria-describedby={problem ? errorId : undefined}
          />
          <SubmitButton isBusy={isBusy} busyText="Working…" data-testid="renew-confirm">
            Create new codes
          </SubmitButton>
        </form>
      )}
    </Dialog>
  );
}

type DisableDialogProps = { api: ApiClient; email: string; onDisabled: () => void; onClose: () => void };

/** The dialog is open while it is rendered. */
export function DisableDialog({ api, email, onDisabled, onClose }: DisableDialogProps) {
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(
    async (form) => {
      const body = { password: typed(form, "password"), code: codeOf(typed(form, "code")) };
      await api.post("/api/auth/second-factor/disable", { body });
      onDisabled();
      onClose();
    },
    { fieldHint: CODE_HINT },
  );
  const describedBy = problem ? errorId : undefined;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Disable the second factor">
      <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
        <p className="text-ui text-fg-2">After that, your password alone is enough to sign in.</p>
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
          hint="From your authenticator app, or a recovery code"
          aria-describedby={describedBy}
        />
        <SubmitButton tone="danger" isBusy={isBusy} busyText="Working…" data-testid="disable-confirm">
          Disable
        </SubmitButton>
      </form>
    </Dialog>
  );
}
