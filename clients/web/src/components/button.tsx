// The buttons of all pages.
import clsx from "clsx";
import type { ComponentProps } from "react";

type ButtonProps = ComponentProps<"button"> & {
  tone?: "primary" | "plain" | "ghost" | "danger";
  size?: "md" | "lg" | "icon";
};

const TONES = {
  primary: "bg-accent text-on-accent hover:bg-accent-hover font-medium",
  plain: "border bg-surface hover:bg-surface-2 font-medium",
  danger: "border bg-surface font-medium text-crit hover:bg-crit-soft",
  ghost: "text-fg-2 hover:bg-surface-2 hover:text-fg",
} as const;

const SIZES = { md: "h-8 px-3 text-ui", lg: "h-10 px-4 text-body", icon: "size-8 text-ui" } as const;

export function Button({ tone = "plain", size = "md", className, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={clsx(
        "inline-flex shrink-0 items-center justify-center gap-2 rounded-[7px] whitespace-nowrap transition-colors duration-150",
        "disabled:cursor-not-allowed disabled:opacity-60",
        TONES[tone],
        SIZES[size],
        className,
      )}
      {...rest}
    />
  );
}
