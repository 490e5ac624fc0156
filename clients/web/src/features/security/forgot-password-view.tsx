"use client";
// Requests a link to reset the password. The answer is the same for every address, known or unknown.
import Link from "next/link";
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { EntryFrame } from "@/components/entry-frame";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { ApiError, publicApi } from "@/lib/api/api-client";
import { asciiEmail, isEmail } from "@/lib/email";
import { explain } from "@/lib/api/explain";

const ANSWERS = {
  sent: "If an account has this address, we have sent it a link. The link works once, within 24 hours. If no mail arrives within a few minutes, ask an administrator for a link.",
  "no-mail": "This system cannot send mail. Ask an administrator for a link to reset your password.",
} as const;
type Answer = keyof typeof ANSWERS;

const INCOMPLETE = "Enter a complete email address.";

export function ForgotPasswordView() {
  const [answer, setAnswer] = useState<Answer | null>(null);
  return (
    <EntryFrame
      title="Forgot your password?"
      subtitle={
        answer === "no-mail"
          ? "An administrator can help you."
          : "Enter the email address of your account, and we send you a link to reset your password."
      }
    >
      {answer ? <Answered answer={answer} /> : <RequestForm onAnswer={setAnswer} />}
    </EntryFrame>
  );
}

function RequestForm({ onAnswer }: { onAnswer: (answer: Answer) => void }) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const errorId = useId();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const email = asciiEmail(String(new FormData(event.currentTarget).get("email") ?? ""));
    if (!isEmail(email)) {
      setProblem(INCOMPLETE);
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
      setProblem(explain(error, INCOMPLETE));
      setBusy(false);
    }
  };
  return (
    <form method="post" onSubmit={(event) => void submit(event)} className="space-y-5" aria-busy={isBusy}>
      <FormProblem id={errorId} testId="forgot-error">
        {problem}
      </FormProblem>
      <TextField
        label="Email"
        name="email"
        type="email"
        required
        maxLength={254}
        autoComplete="username"
        autoFocus
        placeholder="you@company.com"
        data-testid="forgot-email"
        aria-describedby={problem ? errorId : undefined}
      />
      <SubmitButton
        size="lg"
        className="w-full"
        isBusy={isBusy}
        busyText="Sending…"
        data-testid="forgot-submit"
      >
        Send the link
      </SubmitButton>
      <BackToSignIn />
    </form>
  );
}

function Answered({ answer }: { answer: Answer }) {
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
        {ANSWERS[answer]}
      </p>
      <BackToSignIn />
    </div>
  );
}

function BackToSignIn() {
  return (
    <Link href="/login" className="block text-ui font-medium text-accent hover:underline">
      Back to sign-in
    </Link>
  );
}
