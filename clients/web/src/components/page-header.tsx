// The title of a page with its actions.
import type { ReactNode } from "react";

type PageHeaderProps = { title: ReactNode; subtitle?: ReactNode; actions?: ReactNode };

export function PageHeader({ title, subtitle, actions }: PageHeaderProps) {
  return (
    <div className="flex flex-wrap items-end gap-x-4 gap-y-3">
      <div className="min-w-0 flex-1 basis-64">
        <h1 className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-[20px] leading-7 font-semibold tracking-[-0.015em] wrap-anywhere">
          {title}
        </h1>
        {subtitle && <div className="text-ui text-fg-2">{subtitle}</div>}
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </div>
  );
}
