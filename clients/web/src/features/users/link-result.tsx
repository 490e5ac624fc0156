"use client";
// A link with which a person sets a password. Shown once.
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { ShownOnce } from "@/components/shown-once";
import { dateTime } from "@/lib/texts/format-time";
import type { PasswordLink } from "@/contracts/http";

type LinkResultProps = { link: PasswordLink; email: string; onClose: () => void };

export function LinkResult({ link, email, onClose }: LinkResultProps) {
  const t = useTranslations("users");
  return (
    <div className="space-y-4">
      <p className="text-ui text-fg-2 wrap-anywhere">
        {link.mailed ? t("mailed", { email }) : t("handOver", { email })}{" "}
        {t("shownOnce", { at: dateTime(link.expires_at) })}
      </p>
      <ShownOnce label={t("link")} text={link.link} testId="password-link" />
      <div className="flex justify-end">
        <Button tone="primary" onClick={onClose} data-testid="link-kept">
          {t("iSavedIt")}
        </Button>
      </div>
    </div>
  );
}
