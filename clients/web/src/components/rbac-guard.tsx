// Shows content only to roles with a permission. The services enforce the same table.
import { Lock } from "lucide-react";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import type { Permission } from "@/contracts/generated/permissions";
import type { Can } from "@/lib/permissions";
import { NoticeState } from "./notice-state";

type RbacGuardProps = {
  can: Can;
  needs: Permission;
  /** Shown without the permission. Nothing by default, for buttons that would be rejected. */
  fallback?: ReactNode;
  children: ReactNode;
};

export function RbacGuard({ can, needs, fallback = null, children }: RbacGuardProps) {
  return can(needs) ? children : fallback;
}

/** Names the permission that is missing. `what`: the subject of the title, such as "this page". */
export function MissingPermission({
  needs,
  what,
  className,
}: {
  needs: Permission;
  what: string;
  className?: string;
}) {
  const t = useTranslations("common.noAccess");
  const describe = useTranslations("permissions");
  return (
    <NoticeState icon={Lock} title={t("title", { what })} className={className}>
      <p data-testid="missing-permission">
        {t.rich("needs", {
          name: () => <code className="font-mono text-xs">{needs}</code>,
          description: describe(needs),
        })}
      </p>
      <p>{t("ask")}</p>
    </NoticeState>
  );
}
