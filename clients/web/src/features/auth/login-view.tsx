"use client";
// The sign-in page, with one or two steps.
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useBrand } from "@/components/brand";
import { EntryFrame } from "@/components/entry-frame";
import { CodeForm } from "./code-form";
import { LoginForm } from "./login-form";

type Step =
  | { name: "password"; problem: string | null; email: string }
  | { name: "code"; challenge: string; email: string };

type LoginViewProps = {
  /** The email that the form starts with. */
  email?: string;
  /** Why the user is here; null without a reason to show. */
  notice: string | null;
  onSignedIn: (mustEnrol: boolean) => void;
};

export function LoginView({ email = "", notice, onSignedIn }: LoginViewProps) {
  const t = useTranslations("login");
  const { product } = useBrand();
  const [step, setStep] = useState<Step>({ name: "password", problem: null, email });
  if (step.name === "code") {
    return (
      <EntryFrame title={t("codeTitle")} subtitle={t("codeSubtitle")}>
        <CodeForm
          challenge={step.challenge}
          onSignedIn={onSignedIn}
          onBack={(problem) => setStep({ name: "password", problem, email: step.email })}
        />
      </EntryFrame>
    );
  }
  return (
    <EntryFrame title={t("title", { product })} subtitle={t("subtitle")}>
      <LoginForm
        notice={notice}
        problem={step.problem}
        email={step.email}
        onOutcome={(outcome, email) => {
          if (outcome.kind === "signed-in") onSignedIn(outcome.mustEnrol);
          else setStep({ name: "code", challenge: outcome.challenge, email });
        }}
      />
    </EntryFrame>
  );
}
