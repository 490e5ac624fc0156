"use client";
// Asks before a page with unsaved changes is left: by a reload, by closing the tab, or by a link of the page.
import { useRouter } from "next/navigation";
import { useEffect, useState, type ReactNode } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { useText } from "./text";

export function useLeaveGuard(isDirty: boolean): ReactNode {
  const t = useText();
  const router = useRouter();
  const [target, setTarget] = useState<string | null>(null);
  useEffect(() => {
    if (!isDirty) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    const click = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
      if (!link || !isPlain || link.target === "_blank" || link.origin !== location.origin) return;
      if (link.pathname === location.pathname) return;
      event.preventDefault();
      event.stopPropagation();
      setTarget(link.pathname + link.search);
    };
    window.addEventListener("beforeunload", ask);
    document.addEventListener("click", click, true);
    return () => {
      window.removeEventListener("beforeunload", ask);
      document.removeEventListener("click", click, true);
    };
  }, [isDirty]);
  if (target === null) return null;
  return (
    <ConfirmDialog
      title={t("leaveTitle")}
      action={t("leave")}
      busyAction={t("leave")}
      onConfirm={async () => router.push(target)}
      onClose={() => setTarget(null)}
    >
      {t("leaveHint")}
    </ConfirmDialog>
  );
}
