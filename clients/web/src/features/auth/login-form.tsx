"use client";
// The first step of signing in: email and password.
import { useTranslations } from "next-intl";
import Link from "next/link";
import { useId, useState, type FormEvent } from "react";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import { CHECKBOX, TextField } from "@/components/form/input";
import { PasswordField } from "@/components/form/password-field";
import { SubmitButton } from "@/components/form/submit-button";
import { asciiEmail } from "@/lib/forms/email";
import { explain } from "@/lib/api/explain";
import { browserSession } from "./browser-session";
import type { SignInOutcome } from "./session";

type LoginFormProps = {
  /** Shown until the first attempt: why the user is here. */
  notice?: string | null;
  problem?: string | null;
  /** The email of an earlier attempt. */
  email?: string;
  onOutcome: (outcome: SignInOutcome, email: string) => void;
};

export function LoginForm({ notice, problem: earlier = null, email = "", onOutcome }: LoginFormProps) {
  const t = useTranslations("login");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(earlier);
  const errorId = useId();

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const form = new FormData(event.currentTarget);
    const typed = asciiEmail(String(form.get("email") ?? ""));
    setBusy(true);
    setProblem(null);
    try {
      const outcome = await browserSession().signIn({
        email: typed,
        password: String(form.get("password") ?? ""),
        remember: form.get("remember") !== null,
      });
      onOutcome(outcome, typed);
    } catch (error) {
      setProblem(explain(error, t("hint")));
      setBusy(false);
    }
  };

  const describedBy = problem ? errorId : undefined;
  return (
    <form method="post" onSubmit={(event) => void submit(event)} className="space-y-5" aria-busy={isBusy}>
      {notice && !problem && <FormNotice testId="login-notice">{notice}</FormNotice>}
      <FormProblem id={errorId} testId="login-error">
        {problem}
      </FormProblem>
      <TextField
        label={t("email")}
        name="email"
        type="email"
        required
        maxLength={254}
        autoComplete="username"
        autoFocus={!email}
        defaultValue={email}
        placeholder={t("emailPlaceholder")}
        data-testid="login-email"
        aria-describedby={describedBy}
      />
      <PasswordField
        label={t("password")}
        name="password"
        autoComplete="current-password"
        autoFocus={Boolean(email)}
        data-testid="login-password"
        aria-describedby={describedBy}
        aside={
          <Link href="/forgot-password" className="text-accent hover:underline" data-testid="forgot-password">
            {t("forgot")}
          </Link>
        }
      />
      <label className="flex items-center gap-2 text-ui text-fg-2">
        <input name="remember" type="checkbox" defaultChecked className={CHECKBOX} />
        {t("remember")}
      </label>
      <SubmitButton
        size="lg"
        className="w-full"
        isBusy={isBusy}
        busyText={t("signingIn")}
        data-testid="login-submit"
      >
        {t("signIn")}
      </SubmitButton>
    </form>
  );
}
