"use client";
// The second step of signing in: a one-time code or a recovery code.
import { ArrowLeft } from "lucide-react";
import { useTranslations } from "next-intl";
import { useId, useRef, useState, type FormEvent } from "react";
import { Button } from "@/components/button";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { ApiError } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { browserSession } from "./browser-session";

type CodeFormProps = {
  challenge: string;
  onSignedIn: (mustEnrol: boolean) => void;
  /** Returns to the first step. `problem` is set when the challenge has expired. */
  onBack: (problem: string | null) => void;
};

export function CodeForm({ challenge, onSignedIn, onBack }: CodeFormProps) {
  const t = useTranslations("login");
  const [usesRecovery, setUsesRecovery] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const errorId = useId();

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const code = String(new FormData(event.currentTarget).get("code") ?? "");
    setBusy(true);
    setProblem(null);
    try {
      const outcome = await browserSession().signInSecond(
        challenge,
        usesRecovery ? code.trim() : digits(code),
      );
      onSignedIn(outcome.kind === "signed-in" && outcome.mustEnrol);
    } catch (error) {
      setBusy(false);
      if (error instanceof ApiError && error.code === "challenge_over") {
        onBack(explain(error));
        return;
      }
      setProblem(explain(error, usesRecovery ? t("recoveryRule") : t("codeRule")));
      field.current?.select();
    }
  };

  return (
    <form
      method="post"
      onSubmit={(event) => void submit(event)}
      className="space-y-5"
      aria-busy={isBusy}
      data-testid="code-form"
    >
      <FormProblem id={errorId} testId="login-error">
        {problem}
      </FormProblem>
      {usesRecovery ? (
        <TextField
          key="recovery"
          ref={field}
          label={t("recoveryCode")}
          name="code"
          required
          maxLength={32}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          placeholder="xxxx-xxxx-xxxx-xxxx"
          hint={t("recoveryHint")}
          data-testid="login-recovery-code"
          aria-describedby={problem ? errorId : undefined}
          className="font-mono"
        />
      ) : (
        <TextField
          key="code"
          ref={field}
          label={t("code")}
          name="code"
          required
          maxLength={9}
          inputMode="numeric"
          autoComplete="one-time-code"
          autoFocus
          placeholder="000000"
          hint={t("codeHint")}
          data-testid="login-code"
          aria-describedby={problem ? errorId : undefined}
          className="tracking-[0.2em] tabular-nums"
        />
      )}
      <SubmitButton
        size="lg"
        className="w-full"
        isBusy={isBusy}
        busyText={t("signingIn")}
        data-testid="login-code-submit"
      >
        {t("signIn")}
      </SubmitButton>
      <div className="flex items-center justify-between gap-2">
        <Button tone="ghost" className="-ml-3" onClick={() => onBack(null)} data-testid="login-back">
          <ArrowLeft className="size-4" aria-hidden />
          {t("back")}
        </Button>
        <Button
          tone="ghost"
          className="-mr-3"
          data-testid="login-other-code"
          onClick={() => {
            setProblem(null);
            setUsesRecovery(!usesRecovery);
          }}
        >
          {usesRecovery ? t("useCode") : t("useRecovery")}
        </Button>
      </div>
    </form>
  );
}

/** `code` without spaces and hyphens: apps show codes in groups. */
function digits(code: string): string {
  return code.replace(/[\s-]/g, "");
}
