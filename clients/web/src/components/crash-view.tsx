"use client";
// Our own fault: say so, and offer a fresh start.
import { Bug } from "lucide-react";
import { Button } from "./button";
import { NoticeState } from "./notice-state";

export function CrashView({ onRetry }: { onRetry: () => void }) {
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <NoticeState
        icon={Bug}
        title="This page has failed"
        tone="crit"
        role="alert"
        action={<Button onClick={onRetry}>Try again</Button>}
      >
        The mistake is ours. If it comes again, tell an administrator what you did just before.
      </NoticeState>
    </main>
  );
}
