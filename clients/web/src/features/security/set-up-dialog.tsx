"use client";
// Sets up a second factor: first the password, then the app and its first code, then the recovery codes.
import { useTranslations } from "next-intl";
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
  const t = useTranslations("security");
  const [step, setStep] = useState<Step>({ name: "password" });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={step.name === "codes" ? t("saveYourRecoveryCodes") : t("setUpTheSecondFactor")}
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
  const t = useTranslations("security");
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(async (form) =>
    onDone(await api.post("/api/auth/second-factor", { body: { password: typed(form, "password") } })),
  );
  return (
    <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
      <p className="text-ui text-fg-2">{t("youNeedAnAuthenticatorApp")}</p>
      <FormProblem id={errorId} testId="set-up-error">
        {problem}
      </FormProblem>
      <UsernameField email={email} />
      <PasswordField
        label={t("password")}
        name="password"
        autoComplete="current-password"
        fieldSize="md"
        autoFocus
        data-testid="set-up-password"
        aria-describedby={problem ? errorId : undefined}
      />
      <SubmitButton isBusy={isBusy} busyText={t("working")} data-testid="set-up-begin">
        {t("continue")}
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
  const t = useTranslations("security");
  const errorId = useId();
  const { isBusy, problem, submit } = useSubmission(
    async (form) => {
      const code = codeOf(typed(form, "code"));
      onDone((await api.post("/api/auth/second-factor/confirm", { body: { code } })).recovery_codes);
    },
    { fieldHint: t("aCodeHasSixDigits2") },
  );
  return (
    <form method="post" onSubmit={submit} aria-busy={isBusy} className="space-y-4">
      <p className="text-ui text-fg-2">{t("scanTheQrCodeWith")}</p>
      <div className="flex flex-wrap items-center gap-4">
        <QrCode text={enrolment.uri} label={t("qrCodeForTheAuthenticator")} />
        <div className="min-w-0 flex-1 basis-44 space-y-2">
          <p className="text-xs text-fg-2">{t("secret")}</p>
          <p className="font-mono text-ui break-words select-all" data-testid="set-up-secret">
            {grouped(enrolment.secret)}
          </p>
          <CopyButton text={enrolment.secret} label={t("copy")} testId="copy-secret" />
        </div>
      </div>
      <FormProblem id={errorId} testId="set-up-error">
        {problem}
      </FormProblem>
      <CodeField autoFocus hint={t("theSixDigitsThatThe")} aria-describedby={problem ? errorId : undefined} />
      <SubmitButton isBusy={isBusy} busyText={t("confirming")} data-testid="set-up-confirm">
        {t("confirm")}
      </SubmitButton>
    </form>
  );
}

/** `secret` in groups of four letters, which are easier to copy by hand. */
function grouped(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, "$1 ");
}
