// A keyboard key.
import type { ReactNode } from "react";

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded-[5px] border bg-surface-2 px-1 font-sans text-2xs text-fg-2">
      {children}
    </kbd>
  );
}
