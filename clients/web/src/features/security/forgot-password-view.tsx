"use client";
// Requests a link to reset the password. The answer is the same for every address, known or unknown.
import { useTranslations } from "next-intl";
import Link from "next/link";
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { EntryFrame } from "@/components/entry-frame";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { ApiError, publicApi } from "@/lib/api/api-client";
import { asciiEmail, isEmail } from "@/lib/forms/email";
import { explain } from "@/lib/api/explain";

type Answer = "sent" | "no-mail";

export function ForgotPasswordView() {
  const t = useTranslations("security");
  const [answer, setAnswer] = useState<Answer | null>(null);
  return (
    <EntryFrame
      title={t("forgotYourPassword")}
      subtitle={answer === "no-mail" ? t("anAdministratorCanHelpYou") : t("enterTheEmailAddressOf")}
    >
      {answer ? <Answered answer={answer} /> : <RequestForm onAnswer={setAnswer} />}
    </EntryFrame>
  );
}

function RequestForm({ onAnswer }: { onAnswer: (answer: Answer) => void }) {
  const t = useTranslations("security");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const errorId = useId();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const email = asciiEmail(String(new FormData(event.currentTarget).get("email") ?? ""));
    if (!isEmail(email)) {
      setProblem(t("enterACompleteEmailAddress"));
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await publicApi.post("/api/users/password-reset", { body: { email } });
      onAnswer("sent");
    } catch (error) {
      if (error instanceof ApiError && error.code === "mail_not_configured") {
        onAnswer("no-mail");
        return;
      }
      setProblem(explain(error, t("enterACompleteEmailAddress")));
      setBusy(false);
    }
  };
  return (
    <form method="post" onSubmit={(event) => void submit(event)} className="space-y-5" aria-busy={isBusy}>
      <FormProblem id={errorId} testId="forgot-error">
        {problem}
      </FormProblem>
      <TextField
        label={t("email")}
        name="email"
        type="email"
        required
        maxLength={254}
        autoComplete="username"
        autoFocus
        placeholder={t("emailPlaceholder")}
        data-testid="forgot-email"
        aria-describedby={problem ? errorId : undefined}
      />
      <SubmitButton
        size="lg"
        className="w-full"
        isBusy={isBusy}
        busyText={t("sending")}
        data-testid="forgot-submit"
      >
        {t("sendTheLink")}
      </SubmitButton>
      <BackToSignIn />
    </form>
  );
}

function Answered({ answer }: { answer: Answer }) {
  const t = useTranslations("security");
  const answerRef = useRef<HTMLParagraphElement>(null);
  useEffect(() => answerRef.current?.focus(), []);
  return (
    <div className="space-y-5">
      <p
        ref={answerRef}
        tabIndex={-1}
        data-testid={`forgot-${answer}`}
        className="rounded-[7px] bg-info-soft px-3 py-2.5 text-ui text-info outline-none"
      >
        {answer === "sent" ? t("sent") : t("noMail")}
      </p>
      <BackToSignIn />
    </div>
  );
}

function BackToSignIn() {
  const t = useTranslations("security");
  return (
    <Link href="/login" className="block text-ui font-medium text-accent hover:underline">
      {t("backToSignIn")}
    </Link>
  );
}
