// Shown for an unknown address.
import { MapPinOff } from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import { NoticeState } from "./notice-state";

export function NotFoundView() {
  const t = useTranslations("common.notFound");
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <NoticeState
        icon={MapPinOff}
        title={t("title")}
        action={
          <Link href="/dashboard" className="text-ui font-medium text-accent hover:underline">
            {t("toDashboard")}
          </Link>
        }
      >
        {t("detail")}
      </NoticeState>
    </main>
  );
}
