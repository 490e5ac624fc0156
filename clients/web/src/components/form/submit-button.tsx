"use client";
// The button that sends a form. It is disabled while busy, so that a form is not sent twice.
import clsx from "clsx";
import type { ComponentProps } from "react";
import { useIsHydrated } from "@/lib/use-is-hydrated";
import { Button } from "../button";

type SubmitButtonProps = Omit<ComponentProps<typeof Button>, "type"> & { isBusy: boolean; busyText: string };

export function SubmitButton({
  isBusy,
  busyText,
  className,
  children,
  disabled,
  ...rest
}: SubmitButtonProps) {
  const isHydrated = useIsHydrated();
  return (
    <Button
      tone="primary"
      {...rest}
      type="submit"
      // Looks enabled before hydration, so that it does not flicker.
      className={clsx(className, !isHydrated && "disabled:cursor-default disabled:opacity-100")}
      disabled={!isHydrated || isBusy || disabled}
    >
      {isBusy ? busyText : children}
    </Button>
  );
}
