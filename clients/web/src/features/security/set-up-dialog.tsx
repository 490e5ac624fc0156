"use client";
// Sets up a second factor: first the password, then the app and its first code, then the recovery codes.
import { useId, useState } from "react";
import { CopyButton } from "@/components/copy-button";
import { Dialog } from "@/components/dialog";
import { FormProblem } from "@/components/form/form-problem";
import { PasswordField } from "@/components/form/password-field";
import { QrCode } from "@/components/qr-code";
import { SubmitButton } from "@/components/form/submit-button";
import type { Enrolment } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { CodeField, codeOf } from "./code-field";
import { RecoveryCodes } from "./recovery-codes";
import { typed, useSubmission } from "./use-submission";
import { UsernameField } from "./username-field";

type Step =
  { name: "password" } | { name: "app"; enrolment: Enrolment } | { name: "codes"; codes: readonly string[] };

type SetUpDialogProps = {
  api: ApiClient;
  email: string;
  /** Called when the second factor is active. The session may have more permissions then. */
  onEnabled: () => void;
  onClose: () => void;
};

/** The dialog is open while it is rendered. */
export function SetUpDialog({ api, email, onEnabled, onClose }: SetUpDialogProps) {
  const [step, setStep] = useState<Step>({ name: "password" });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={step.name === "codes" ? "Save your recovery codes" : "Set up the second factor"}
      isLocked={step.name === "codes"}
    >
      {step.name === "password" && (
        <PasswordStep api={api} email={email} onDone={(enrolment) => setStep({ name: "app", enrolment })} />
      )}
      {step.name === "app" && (
        <AppStep
          api={api}
          enrolment={step.enrolment}
          onDone={(codes) => {
            setStep({ name: "codes", codes });
            onEnabled();
          }}
        />
      )}
      {step.name === "codes" && <RecoveryCodes codes={step.codes} onDone={onClose} />}
    </Dialog>
  );
}

function PasswordStep({
  api,
  email,
  onDone,
}: {
  api: ApiClient;
  email: string;
  onDone: (enrolment: Enrolment) => void;
}) {
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(async (form) =>
    onDone(await api.post("/api/auth/second-factor", { body: { password: typed(form, "password") } })),
  );
  return (
    <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
      <p className="text-ui text-fg-2">
        You need an authenticator app on your phone. First confirm your password.
      </p>
      <FormProblem id={errorId} testId="set-up-error">
        {problem}
      </FormProblem>
      <UsernameField email={email} />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="current-password"
        fieldSize="md"
        autoFocus
        data-testid="set-up-password"
        aria-describedby={problem ? errorId : undefined}
      />
      <SubmitButton isBusy={isBusy} busyText="Working…" data-testid="set-up-begin">
        Continue
      </SubmitButton>
    </form>
  );
}

function AppStep({
  api,
  enrolment,
  onDone,
}: {
  api: ApiClient;
  enrolment: Enrolment;
  onDone: (codes: readonly string[]) => void;
}) {
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(
    async (form) => {
      const code = codeOf(typed(form, "code"));
      onDone((await api.post("/api/auth/second-factor/confirm", { body: { code } })).recovery_codes);
    },
    { fieldHint: "A code has six digits." },
  );
  return (
    <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
      <p className="text-ui text-fg-2">
        Scan the QR code with your authenticator app, or type the secret into it.
      </p>
      <div className="flex flex-wrap items-center gap-4">
        <QrCode text={enrolment.uri} label="QR code for the authenticator app; the secret is next to it" />
        <div className="min-w-0 flex-1 basis-44 space-y-2">
          <p className="text-xs text-fg-2">Secret</p>
          <p className="font-mono text-ui break-words select-all" data-testid="set-up-secret">
            {grouped(enrolment.secret)}
          </p>
          <CopyButton text={enrolment.secret} label="Copy" testId="copy-secret" />
        </div>
      </div>
      <FormProblem id={errorId} testId="set-up-error">
        {problem}
      </FormProblem>
      <CodeField
        autoFocus
        hint="The six digits that the app shows now"
        aria-describedby={problem ? errorId : undefined}
      />
      <SubmitButton isBusy={isBusy} busyText="Confirming…" data-testid="set-up-confirm">
        Confirm
      </SubmitButton>
    </form>
  );
}

/** `secret` in groups of four letters, which are easier to copy by hand. */
function grouped(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, "$1 ");
}
