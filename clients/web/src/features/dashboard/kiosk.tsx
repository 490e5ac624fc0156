"use client";
// A dashboard without navigation, for a screen on a wall. Esc or the button leaves it.
import { Minimize2 } from "lucide-react";
import { useEffect, useEffectEvent, type ReactNode } from "react";
import { Button } from "@/components/button";
import { useText } from "./boards/text";

export function Kiosk({ onLeave, children }: { onLeave: () => void; children: ReactNode }) {
  const t = useText();
  const leave = useEffectEvent(onLeave);
  useEffect(() => {
    // Esc ends the full screen of the browser without a key event, so both are watched.
    const pressed = (event: KeyboardEvent) => event.key === "Escape" && !event.defaultPrevented && leave();
    const changed = () => document.fullscreenElement === null && leave();
    document.addEventListener("keydown", pressed);
    document.addEventListener("fullscreenchange", changed);
    return () => {
      document.removeEventListener("keydown", pressed);
      document.removeEventListener("fullscreenchange", changed);
    };
  }, []);
  return (
    <main id="main" tabIndex={-1} className="min-h-dvh p-4 outline-none" data-testid="kiosk">
      {children}
      <Button
        tone="ghost"
        size="icon"
        aria-label={t("leaveKiosk")}
        title={t("leaveKiosk")}
        className="fixed right-3 bottom-3 z-20 border bg-surface opacity-60 hover:opacity-100 focus-visible:opacity-100"
        onClick={() => {
          if (document.fullscreenElement) void document.exitFullscreen();
          onLeave();
        }}
        data-testid="leave-kiosk"
      >
        <Minimize2 className="size-4" aria-hidden />
      </Button>
    </main>
  );
}

/** Fills the screen. A browser may refuse it; the page then fills the window. */
export function enterFullScreen(): void {
  document.documentElement.requestFullscreen?.().catch(() => undefined);
}
