"use client";
// Copies a text, and says so.
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/copy-text";
import { Button } from "./button";

const SAID_FOR_MS = 2_000;

type CopyButtonProps = { text: string; label: string; testId?: string };

export function CopyButton({ text, label, testId }: CopyButtonProps) {
  const [said, setSaid] = useState<"copied" | "refused" | null>(null);
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(null), SAID_FOR_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const Icon = said === "copied" ? Check : Copy;
  return (
    <Button
      data-testid={testId}
      onClick={() => void copyText(text).then((isCopied) => setSaid(isCopied ? "copied" : "refused"))}
    >
      <Icon className="size-4" aria-hidden />
      <span aria-live="polite">
        {said === "copied" ? "Copied" : said === "refused" ? "Select and copy it" : label}
      </span>
    </Button>
  );
}
