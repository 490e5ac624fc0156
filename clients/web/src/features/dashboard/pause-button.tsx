"use client";
// Pauses and resumes the view. Readings are still collected while paused.
import { useTranslations } from "next-intl";
import { Pause, Play } from "lucide-react";
import { Button } from "@/components/button";
import { useTick } from "./feed-hooks";
import type { Feed } from "./ports";

export function PauseButton({ feed }: { feed: Feed }) {
  const t = useTranslations("dashboard");
  const { paused } = useTick(feed);
  const Icon = paused ? Play : Pause;
  return (
    <Button
      data-testid="pause"
      aria-pressed={paused}
      aria-keyshortcuts="p"
      title={paused ? t("resumeP") : t("pauseP")}
      onClick={() => feed.setPaused(!paused)}
    >
      <Icon className="size-4" aria-hidden />
      {paused ? t("resume") : t("pause")}
    </Button>
  );
}
