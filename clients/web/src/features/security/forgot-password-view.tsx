"use client";
// Asking for a link to set another password. What follows is the same for every address, known or not.
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
  sent: "If there is an account with this address, a link is on its way. It works once, for 24 hours. If nothing comes within a few minutes, ask an administrator for a link.",
  "no-mail":
    "This system sends no mail, so no link can come. Ask an administrator for a link to set another password.",
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
          : "Say where your account gets its mail, and a link to set another password comes there."
      }
    >
      {answer ? <Answered answer={answer} /> : <AskForm onAnswer={setAnswer} />}
    </EntryFrame>
  );
}

function AskForm({ onAnswer }: { onAnswer: (answer: Answer) => void }) {
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
      setProblem(explain(error, { invalid_request: INCOMPLETE }));
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
  const said = useRef<HTMLParagraphElement>(null);
  useEffect(() => said.current?.focus(), []);
  return (
    <div className="space-y-5">
      <p
        ref={said}
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
