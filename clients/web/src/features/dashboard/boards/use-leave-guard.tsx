"use client";
// Asks before a page with unsaved changes is left: by a reload, by closing the tab, or by a link of the page.
import { useRouter } from "next/navigation";
import { useEffect, useState, type ReactNode } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { useCloseGuard } from "@/lib/use-close-guard";
import { useText } from "./text";

export function useLeaveGuard(isDirty: boolean): ReactNode {
  const t = useText();
  const router = useRouter();
  const [target, setTarget] = useState<string | null>(null);
  useCloseGuard(isDirty);
  useEffect(() => {
    if (!isDirty) return;
    const click = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
      if (!link || !isPlain || link.target === "_blank" || link.origin !== location.origin) return;
      if (link.pathname === location.pathname) return;
      event.preventDefault();
      event.stopPropagation();
      setTarget(link.pathname + link.search);
    };
    document.addEventListener("click", click, true);
    return () => document.removeEventListener("click", click, true);
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
