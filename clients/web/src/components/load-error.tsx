"use client";
// Explains why the dashboard could not be loaded.
import { CloudOff, Lock, LogIn, ServerCrash, TriangleAlert, type LucideIcon } from "lucide-react";
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { NoticeState } from "@/components/notice-state";
import { failureOf, type Failure } from "@/lib/api/explain";

const ICONS: Record<Failure["kind"], LucideIcon> = {
  page: TriangleAlert,
  network: CloudOff,
  session: LogIn,
  forbidden: Lock,
  busy: TriangleAlert,
  service: ServerCrash,
  refused: TriangleAlert,
};

/** `what`: the subject of the title, such as "The list of devices". */
export function LoadError({ error, what, onRetry }: { error: Error; what: string; onRetry: () => void }) {
  const { kind, title, detail } = failureOf(error, what);
  return (
    <NoticeState
      icon={ICONS[kind]}
      title={title}
      tone={kind === "forbidden" || kind === "session" ? "warn" : "crit"}
      role="alert"
      className="min-h-[50dvh]"
      action={<FailureAction kind={kind} onRetry={onRetry} />}
    >
      {detail}
    </NoticeState>
  );
}

function FailureAction({ kind, onRetry }: { kind: Failure["kind"]; onRetry: () => void }) {
  const t = useTranslations("common");
  // A reload checks the session, and opens the sign-in page when there is none.
  if (kind === "session") return <Button onClick={() => location.reload()}>{t("signInAgain")}</Button>;
  if (kind === "forbidden") return null;
  return (
    <Button onClick={onRetry} data-testid="retry">
      {t("tryAgain")}
    </Button>
  );
}
