"use client";
// The one button that sends a form: busy while it is sent, so nothing is sent twice.
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
      // Not looking disabled before hydration: nobody should see a flicker.
      className={clsx(className, !isHydrated && "disabled:cursor-default disabled:opacity-100")}
      disabled={!isHydrated || isBusy || disabled}
    >
      {isBusy ? busyText : children}
    </Button>
  );
}
