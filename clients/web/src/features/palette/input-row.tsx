"use client";
// The row of the search with its field.
import { Search } from "lucide-react";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Kbd } from "@/components/kbd";

/** The users service takes searches of this length. */
export const MOST_TEXT = 100;

export const INPUT_STYLE =
  "h-12 min-w-0 flex-1 bg-transparent text-[16px] outline-none placeholder:text-fg-3 sm:text-body";

export function InputRow({ onClose, children }: { onClose: () => void; children: ReactNode }) {
  const t = useTranslations("common");
  return (
    <div className="flex shrink-0 items-center gap-2.5 border-b px-4">
      <Search className="size-4 shrink-0 text-fg-3" aria-hidden />
      {children}
      <button
        type="button"
        aria-label={t("close")}
        onClick={onClose}
        className="flex size-8 shrink-0 items-center justify-center rounded-[7px]"
      >
        <Kbd>Esc</Kbd>
      </button>
    </div>
  );
}
