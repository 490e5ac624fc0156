"use client";
// Email and password, and what went wrong.
import clsx from "clsx";
import { Eye, EyeOff, TriangleAlert } from "lucide-react";
import { useId, useState, useSyncExternalStore, type ComponentProps, type FormEvent } from "react";
import { Button } from "@/components/button";
import { ApiError } from "@/lib/api-client";
import { browserSession } from "./browser-session";

// Before the page's code runs, a submit would go to the server as a plain form; the button waits for it.
const never = () => () => {};
const useIsHydrated = () =>
  useSyncExternalStore(
    never,
    () => true,
    () => false,
  );

const INPUT =
  "h-10 w-full rounded-[7px] border border-border-strong bg-surface px-3 text-[15px] outline-none placeholder:text-fg-3 " +
  "focus-visible:border-accent focus-visible:outline-2 focus-visible:outline-offset-0 focus-visible:outline-accent";

export function LoginForm({ onSignedIn }: { onSignedIn: () => void }) {
  const isHydrated = useIsHydrated();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const errorId = useId();

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await browserSession().signIn({
        email: String(form.get("email") ?? "").trim(),
        password: String(form.get("password") ?? ""),
        remember: form.get("remember") !== null,
      });
      onSignedIn();
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
    }
  };

  return (
    <form method="post" onSubmit={(event) => void submit(event)} className="space-y-5" aria-busy={isBusy}>
      {problem && (
        <p
          id={errorId}
          role="alert"
          data-testid="login-error"
          className="flex gap-2 rounded-[7px] bg-crit-soft px-3 py-2.5 text-ui text-crit"
        >
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          {problem}
        </p>
      )}
      <label className="block space-y-1.5">
        <span className="block text-ui font-medium">Email</span>
        <input
          name="email"
          type="email"
          required
          maxLength={254}
          autoComplete="username"
          autoFocus
          placeholder="you@company.com"
          data-testid="login-email"
          aria-describedby={problem ? errorId : undefined}
          className={INPUT}
        />
      </label>
      <PasswordField aria-describedby={problem ? errorId : undefined} />
      <label className="flex items-center gap-2 text-ui text-fg-2">
        <input
          name="remember"
          type="checkbox"
          defaultChecked
          className="size-4 shrink-0 appearance-none rounded border border-border-strong bg-surface bg-center bg-no-repeat checked:border-accent checked:bg-accent checked:bg-(image:--tick)"
        />
        Keep me signed in on this device
      </label>
      <Button
        type="submit"
        tone="primary"
        size="lg"
        // Not looking disabled before hydration: nobody should see a flicker.
        className={clsx("w-full", !isHydrated && "disabled:cursor-default disabled:opacity-100")}
        disabled={!isHydrated || isBusy}
        data-testid="login-submit"
      >
        {isBusy ? "Signing in…" : "Sign in"}
      </Button>
    </form>
  );
}

function PasswordField(props: Pick<ComponentProps<"input">, "aria-describedby">) {
  const [isShown, setShown] = useState(false);
  const id = useId();
  const Icon = isShown ? EyeOff : Eye;
  return (
    <div className="space-y-1.5">
      <label htmlFor={id} className="block text-ui font-medium">
        Password
      </label>
      <div className="relative">
        <input
          id={id}
          name="password"
          type={isShown ? "text" : "password"}
          required
          maxLength={256}
          autoComplete="current-password"
          data-testid="login-password"
          className={clsx(INPUT, "pr-10")}
          {...props}
        />
        <button
          type="button"
          aria-label={isShown ? "Hide the password" : "Show the password"}
          onClick={() => setShown(!isShown)}
          className="absolute inset-y-1 right-1 flex w-8 items-center justify-center rounded-[5px] text-fg-3 hover:text-fg"
        >
          <Icon className="size-4" aria-hidden />
        </button>
      </div>
    </div>
  );
}

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something went wrong in this page. Reload it and try again.";
  switch (error.code) {
    case "invalid_credentials":
      return "Email or password is wrong.";
    case "rate_limited": {
      const wait = error.retryAfterSeconds;
      return `Too many attempts. Try again ${wait ? `in ${waitText(wait)}` : "a little later"}.`;
    }
    case "invalid_request":
      return "Enter a complete email address and your password.";
    default:
      return error.isTemporary
        ? "The sign-in service cannot be reached. Try again in a moment."
        : error.message;
  }
}

function waitText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
