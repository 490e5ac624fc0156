// A text that changes only after the person pauses, so that not every letter asks a service.
import { useEffect, useState } from "react";

const PAUSE_MS = 120;

export function usePaused(text: string): string {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    if (text === paused) return;
    const timer = setTimeout(() => setPaused(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, paused]);
  return paused;
}
