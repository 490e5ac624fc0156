// A bordered section with a header.
import clsx from "clsx";
import type { ReactNode } from "react";

type PanelProps = {
  title: string;
  meta?: ReactNode;
  actions?: ReactNode;
  className?: string;
  testId?: string;
  children: ReactNode;
};

export function Panel({ title, meta, actions, className, testId, children }: PanelProps) {
  return (
    <section
      aria-label={title}
      data-testid={testId}
      className={clsx("flex min-w-0 flex-col rounded-[10px] border bg-surface", className)}
    >
      <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-2 px-4 py-2">
        <h2 className="text-ui font-semibold wrap-anywhere">{title}</h2>
        {meta && <span className="text-xs text-fg-3">{meta}</span>}
        {actions && <span className="ml-auto flex items-center gap-1">{actions}</span>}
      </header>
      {children}
    </section>
  );
}
