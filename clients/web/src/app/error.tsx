"use client";
import { CrashView } from "@/components/crash-view";

export default function ErrorPage({ reset }: { error: Error; reset: () => void }) {
  return <CrashView onRetry={reset} />;
}
