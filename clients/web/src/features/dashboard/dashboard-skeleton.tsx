// The dashboard while it loads: the same shapes without content.
import { useTranslations } from "next-intl";

export function DashboardSkeleton() {
  const t = useTranslations("dashboard");
  return (
    <div role="status" aria-label={t("loadingTheDashboard")} className="space-y-4">
      <div className="space-y-2 pb-1">
        <div className="skeleton h-6 w-48" />
        <div className="skeleton h-4 w-64" />
      </div>
      <div className="grid grid-cols-2 gap-3 md:grid-cols-3 min-[87.5rem]:grid-cols-6">
        {Array.from({ length: 6 }, (_, index) => (
          <div key={index} className="h-[104px] space-y-3 rounded-[10px] border bg-surface p-4">
            <div className="skeleton h-3.5 w-20" />
            <div className="skeleton h-7 w-28" />
          </div>
        ))}
      </div>
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-6">
        <div className="h-[29.75rem] rounded-[10px] border bg-surface p-4 lg:col-span-6 xl:col-span-4">
          <div className="skeleton h-4 w-32" />
          <div className="skeleton mt-6 h-80 w-full" />
        </div>
        <div className="h-[29.75rem] space-y-4 rounded-[10px] border bg-surface p-4 lg:col-span-6 xl:col-span-2">
          {Array.from({ length: 9 }, (_, index) => (
            <div key={index} className="skeleton h-4 w-full" />
          ))}
        </div>
      </div>
    </div>
  );
}
