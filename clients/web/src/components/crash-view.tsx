"use client";
// Shown after an error in the page's own code.
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
        An error occurred in this page. If it happens again, tell an administrator what you did before it.
      </NoticeState>
    </main>
  );
}
