"use client";
// Sets a password from a link: of an invitation, or of a reset.
import { useTranslations } from "next-intl";
import Link from "next/link";
import {
  useCallback,
  useEffect,
  useId,
  useState,
  useSyncExternalStore,
  type FormEvent,
  type ReactNode,
} from "react";
import { EntryFrame } from "@/components/entry-frame";
import { FormProblem } from "@/components/form/form-problem";
import { SubmitButton } from "@/components/form/submit-button";
import { ApiError, publicApi } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import type { LinkToken } from "./link-token";
import { NewPasswordField } from "./new-password-field";
import { useStrength } from "./use-strength";
import { UsernameField } from "./username-field";

/** `onSet` gets the email of the account; "" when it is unknown. */
export function SetPasswordView({ link, onSet }: { link: LinkToken; onSet: (email: string) => void }) {
  const t = useTranslations("security");
  const token = useSyncExternalStore(link.subscribe, link.current, link.current);
  const [ended, setEnded] = useState<string | null>(null);
  const [owner, setOwner] = useState<{ token: string; email: string } | null>(null);
  const onRejection = useCallback(
    (error: ApiError) => {
      if (error.code === "link_ended") setEnded(token ?? null);
    },
    [token],
  );
  useEffect(() => {
    if (!token) return;
    // Shows the account, or that the link has expired, before the user chooses a password.
    publicApi.post("/api/users/link-owner", { body: { token } }).then(
      ({ email }) => setOwner({ token, email }),
      (error: unknown) => error instanceof ApiError && onRejection(error),
    );
  }, [token, onRejection]);

  if (token === undefined) return <SetPasswordFrame />;
  if (token === null) {
    return (
      <LinkUnusable title={t("openYourLinkAgain")} testId="link-missing">
        {t("openTheLinkAgainFrom")}
      </LinkUnusable>
    );
  }
  if (ended === token) {
    return (
      <LinkUnusable title={t("thisLinkNoLongerWorks")} testId="link-ended">
        {t("itWasAlreadyUsedIs")}
      </LinkUnusable>
    );
  }
  const email = owner?.token === token ? owner.email : "";
  return (
    <SetPasswordFrame email={email}>
      <SetPasswordForm
        key={token}
        token={token}
        email={email}
        onRejected={onRejection}
        onSet={() => onSet(email)}
      />
    </SetPasswordFrame>
  );
}

/** The frame of the page. Until the link is known, it has the height of the form. */
export function SetPasswordFrame({
  email = "",
  children = <div className="h-[214px]" />,
}: {
  email?: string;
  children?: ReactNode;
}) {
  const t = useTranslations("security");
  return (
    <EntryFrame
      title={t("setYourPassword")}
      subtitle={
        email ? (
          <span className="break-words" data-testid="link-owner">
            {t("forEmail", { email })}
          </span>
        ) : (
          t("youUseItToSign")
        )
      }
    >
      {children}
    </EntryFrame>
  );
}

type SetPasswordFormProps = {
  token: string;
  email: string;
  onRejected: (error: ApiError) => void;
  onSet: () => void;
};

function SetPasswordForm({ token, email, onRejected, onSet }: SetPasswordFormProps) {
  const t = useTranslations("security");
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const strength = useStrength(publicApi, password, token, onRejected);
  const errorId = useId();

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem(null);
    try {
      await publicApi.post("/api/users/set-password", { body: { token, password } });
      onSet();
    } catch (error) {
      setBusy(false);
      setProblem(explain(error));
      if (error instanceof ApiError) onRejected(error);
    }
  };

  return (
    <form method="post" onSubmit={(event) => void submit(event)} className="space-y-5" aria-busy={isBusy}>
      <FormProblem id={errorId} testId="set-password-error">
        {problem}
      </FormProblem>
      <UsernameField email={email} />
      <NewPasswordField
        value={password}
        onChange={setPassword}
        strength={strength}
        describedBy={problem ? errorId : undefined}
        autoFocus
      />
      <SubmitButton
        size="lg"
        className="w-full"
        isBusy={isBusy}
        busyText={t("settingThePassword")}
        data-testid="set-password-submit"
      >
        {t("setPassword")}
      </SubmitButton>
      <p className="text-xs text-fg-2">{t("thisEndsAllYourSessions2")}</p>
    </form>
  );
}

function LinkUnusable({ title, testId, children }: { title: string; testId: string; children: string }) {
  const t = useTranslations("security");
  return (
    <EntryFrame title={title} subtitle={<span data-testid={testId}>{children}</span>}>
      <p className="space-y-3 text-ui text-fg-2">
        <span className="block">
          {t.rich("askAnAdministratorForAnother", {
            link: (chunks) => (
              <Link href="/forgot-password" className="font-medium text-accent underline">
                {chunks}
              </Link>
            ),
          })}
        </span>
        <Link href="/login" className="block font-medium text-accent hover:underline">
          {t("backToSignIn")}
        </Link>
      </p>
    </EntryFrame>
  );
}
