"use client";
// Copies a text and confirms it.
import { Check, Copy } from "lucide-react";
import { useTranslations } from "next-intl";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/copy-text";
import { Button } from "./button";

const CONFIRMED_FOR_MS = 2_000;

type CopyButtonProps = { text: string; label: string; testId?: string };

export function CopyButton({ text, label, testId }: CopyButtonProps) {
  const t = useTranslations("common");
  const [result, setResult] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (!result) return;
    const timer = setTimeout(() => setResult(null), CONFIRMED_FOR_MS);
    return () => clearTimeout(timer);
  }, [result]);
  const Icon = result === "copied" ? Check : Copy;
  return (
    <Button
      data-testid={testId}
      onClick={() => void copyText(text).then((isCopied) => setResult(isCopied ? "copied" : "failed"))}
    >
      <Icon className="size-4" aria-hidden />
      <span aria-live="polite">
        {result === "copied" ? t("copied") : result === "failed" ? t("copyFailed") : label}
      </span>
    </Button>
  );
}
