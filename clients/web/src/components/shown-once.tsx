"use client";
// A secret that a service shows once, with a button to copy it.
import { useTranslations } from "next-intl";
import { CopyButton } from "./copy-button";

export function ShownOnce({ label, text, testId }: { label: string; text: string; testId?: string }) {
  const t = useTranslations("common");
  return (
    <div className="space-y-1.5">
      <p className="text-ui font-medium">{label}</p>
      <div className="flex flex-wrap items-start gap-2">
        <pre
          tabIndex={0}
          aria-label={label}
          data-testid={testId}
          className="max-h-64 min-w-0 flex-1 basis-56 overflow-auto rounded-[7px] border bg-surface-2 px-3 py-2 font-mono text-xs whitespace-pre-wrap break-all select-all"
        >
          {text}
        </pre>
        <CopyButton text={text} label={t("copy")} />
      </div>
    </div>
  );
}
