"use client";
// Asking for a link to set another password. What follows is the same for every address, known or not.
import Link from "next/link";
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { EntryFrame } from "@/components/entry-frame";
import { FormProblem } from "@/components/form-problem";
import { TextField } from "@/components/input";
import { SubmitButton } from "@/components/submit-button";
import { nothingSchema } from "@/contracts/http";
import { publicApi } from "@/lib/api-client";
import { asciiEmail, isEmail } from "@/lib/email";
import { explain } from "@/lib/explain";

const INCOMPLETE = "Enter a complete email address.";

export function ForgotPasswordView() {
  const [isSent, setSent] = useState(false);
  return (
    <EntryFrame
      title="Forgot your password?"
      subtitle="Say where your account gets its mail, and a link to set another password comes there."
    >
      {isSent ? <Sent /> : <AskForm onSent={() => setSent(true)} />}
    </EntryFrame>
  );
}

function AskForm({ onSent }: { onSent: () => void }) {
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
      await publicApi.post("/api/users/password-reset", { email }, nothingSchema);
      onSent();
    } catch (error) {
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

function Sent() {
  const said = useRef<HTMLParagraphElement>(null);
  useEffect(() => said.current?.focus(), []);
  return (
    <div className="space-y-5">
      <p
        ref={said}
        tabIndex={-1}
        data-testid="forgot-sent"
        className="rounded-[7px] bg-info-soft px-3 py-2.5 text-ui text-info outline-none"
      >
        If there is an account with this address, a link is on its way. It works once, for 24 hours. If
        nothing comes within a few minutes, ask an administrator for a link.
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
