// Shown in place of content: what the state is, and what to do.
import clsx from "clsx";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

type NoticeStateProps = {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  tone?: "neutral" | "warn" | "crit";
  role?: "status" | "alert";
  className?: string;
};

const TONES = {
  neutral: "bg-surface-2 text-fg-2",
  warn: "bg-warn-soft text-warn",
  crit: "bg-crit-soft text-crit",
} as const;

export function NoticeState({
  icon: Icon,
  title,
  children,
  action,
  tone = "neutral",
  role,
  className,
}: NoticeStateProps) {
  return (
    <div
      role={role}
      className={clsx("flex flex-col items-center justify-center gap-3 p-8 text-center", className)}
    >
      <span className={clsx("flex size-10 items-center justify-center rounded-[10px]", TONES[tone])}>
        <Icon className="size-5" aria-hidden />
      </span>
      <div className="max-w-md space-y-1">
        <p className="text-body font-semibold">{title}</p>
        {children && <div className="text-ui text-fg-2">{children}</div>}
      </div>
      {action}
    </div>
  );
}

/** One line across the page, about the page as a whole. */
export function Banner({
  tone,
  children,
  action,
}: {
  tone: "warn" | "crit" | "info";
  children: ReactNode;
  action?: ReactNode;
}) {
  const tones = {
    warn: "bg-warn-soft text-warn",
    crit: "bg-crit-soft text-crit",
    info: "bg-info-soft text-info",
  };
  return (
    <div
      role="status"
      className={clsx("flex items-center gap-3 rounded-[7px] px-3 py-2 text-ui", tones[tone])}
    >
      <span className="min-w-0 flex-1">{children}</span>
      {action}
    </div>
  );
}
