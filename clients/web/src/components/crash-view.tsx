"use client";
// Shown after an error in the page's own code.
import { Bug } from "lucide-react";
import { useTranslations } from "next-intl";
import { Button } from "./button";
import { NoticeState } from "./notice-state";

export function CrashView({ onRetry }: { onRetry: () => void }) {
  const t = useTranslations("common");
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <NoticeState
        icon={Bug}
        title={t("crash.title")}
        tone="crit"
        role="alert"
        action={<Button onClick={onRetry}>{t("tryAgain")}</Button>}
      >
        {t("crash.detail")}
      </NoticeState>
    </main>
  );
}
