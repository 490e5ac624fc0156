"use client";
// A password field with a button that shows the password.
import clsx from "clsx";
import { Eye, EyeOff } from "lucide-react";
import { useTranslations } from "next-intl";
import { useId, useState, type ComponentProps, type ReactNode } from "react";
import { Input } from "./input";

type PasswordFieldProps = Omit<ComponentProps<typeof Input>, "type" | "id"> & {
  label: string;
  /** Tells password managers which password to offer. */
  autoComplete: "current-password" | "new-password";
  /** Shown at the end of the label's line. Follows the field in the tab order. */
  aside?: ReactNode;
};

export function PasswordField({ label, aside, className, ...rest }: PasswordFieldProps) {
  const t = useTranslations("common.password");
  const [isShown, setShown] = useState(false);
  const id = useId();
  const Icon = isShown ? EyeOff : Eye;
  return (
    <div className="relative space-y-1.5">
      <label htmlFor={id} className="block text-ui font-medium">
        {label}
      </label>
      <div className="relative">
        <Input
          {...rest}
          id={id}
          type={isShown ? "text" : "password"}
          maxLength={256}
          required
          spellCheck={false}
          autoCapitalize="none"
          className={clsx("pr-10", className)}
        />
        <button
          type="button"
          aria-label={isShown ? t("hide") : t("show")}
          onClick={() => setShown(!isShown)}
          className="absolute inset-y-1 right-1 flex w-8 items-center justify-center rounded-[5px] text-fg-3 hover:text-fg"
        >
          <Icon className="size-4" aria-hidden />
        </button>
      </div>
      {aside && <span className="absolute top-0 right-0 text-ui">{aside}</span>}
    </div>
  );
}
