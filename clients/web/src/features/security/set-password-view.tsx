"use client";
// Setting a password by a link: the first one of an invitation, or another one after a reset.
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
import type { LinkToken } from "./link-token";
import { NewPasswordField } from "./new-password-field";
import { explainPassword } from "./password-words";
import { useStrength } from "./use-strength";
import { UsernameField } from "./username-field";

/** `onSet` hears whose password was set, "" where that is not known. */
export function SetPasswordView({ link, onSet }: { link: LinkToken; onSet: (email: string) => void }) {
  const token = useSyncExternalStore(link.subscribe, link.current, link.current);
  const [ended, setEnded] = useState<string | null>(null);
  const [owner, setOwner] = useState<{ of: string; email: string } | null>(null);
  const refused = useCallback(
    (error: ApiError) => {
      if (error.code === "link_ended") setEnded(token ?? null);
    },
    [token],
  );
  useEffect(() => {
    if (!token) return;
    // Whose account it is, and whether the link is over, should be said before anybody thinks of a password.
    publicApi.post("/api/users/link-owner", { body: { token } }).then(
      ({ email }) => setOwner({ of: token, email }),
      (error: unknown) => error instanceof ApiError && refused(error),
    );
  }, [token, refused]);

  if (token === undefined) return <SetPasswordFrame />;
  if (token === null) {
    return (
      <LinkUnusable title="Open your link again" testId="link-missing">
        Links to set a password work from the mail or message that they came in, and this page keeps nothing.
        Open the link once more.
      </LinkUnusable>
    );
  }
  if (ended === token) {
    return (
      <LinkUnusable title="This link works no more" testId="link-ended">
        It was used, is older than 24 hours, or was replaced by a newer one.
      </LinkUnusable>
    );
  }
  const email = owner?.of === token ? owner.email : "";
  return (
    <SetPasswordFrame email={email}>
      <SetPasswordForm
        key={token}
        token={token}
        email={email}
        onRefused={refused}
        onSet={() => onSet(email)}
      />
    </SetPasswordFrame>
  );
}

/** The page, with as much room as the form takes while it is not known whether there is a link. */
export function SetPasswordFrame({
  email = "",
  children = <div className="h-[214px]" />,
}: {
  email?: string;
  children?: ReactNode;
}) {
  return (
    <EntryFrame
      title="Set your password"
      subtitle={
        email ? (
          <span className="break-words" data-testid="link-owner">
            For {email}
          </span>
        ) : (
          "You sign in with it from now on."
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
  onRefused: (error: ApiError) => void;
  onSet: () => void;
};

function SetPasswordForm({ token, email, onRefused, onSet }: SetPasswordFormProps) {
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const strength = useStrength(publicApi, password, token, onRefused);
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
      setProblem(explainPassword(error));
      if (error instanceof ApiError) onRefused(error);
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
        busyText="Setting the password…"
        data-testid="set-password-submit"
      >
        Set password
      </SubmitButton>
      <p className="text-xs text-fg-2">
        If you are signed in somewhere, all of these sessions end, and your API keys stop working.
      </p>
    </form>
  );
}

function LinkUnusable({ title, testId, children }: { title: string; testId: string; children: string }) {
  return (
    <EntryFrame title={title} subtitle={<span data-testid={testId}>{children}</span>}>
      <p className="space-y-3 text-ui text-fg-2">
        <span className="block">
          An administrator can give you another link, or you can{" "}
          <Link href="/forgot-password" className="font-medium text-accent underline">
            ask for one by mail
          </Link>
          .
        </span>
        <Link href="/login" className="block font-medium text-accent hover:underline">
          Back to sign-in
        </Link>
      </p>
    </EntryFrame>
  );
}
