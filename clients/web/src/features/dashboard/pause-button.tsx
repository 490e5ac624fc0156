"use client";
// Pauses and resumes the view. Readings are still collected while paused.
import { Pause, Play } from "lucide-react";
import { Button } from "@/components/button";
import { useTick } from "./feed-hooks";
import type { Feed } from "./ports";

export function PauseButton({ feed }: { feed: Feed }) {
  const { paused } = useTick(feed);
  const Icon = paused ? Play : Pause;
  return (
    <Button
      data-testid="pause"
      aria-pressed={paused}
      aria-keyshortcuts="p"
      title={paused ? "Resume (p)" : "Pause (p)"}
      onClick={() => feed.setPaused(!paused)}
    >
      <Icon className="size-4" aria-hidden />
      {paused ? "Resume" : "Pause"}
    </Button>
  );
}
