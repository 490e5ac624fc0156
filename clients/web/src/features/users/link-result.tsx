"use client";
// A link with which a person sets a password. Shown once.
import { Button } from "@/components/button";
import { ShownOnce } from "@/components/shown-once";
import type { PasswordLink } from "@/contracts/http";

type LinkResultProps = { link: PasswordLink; email: string; onClose: () => void };

export function LinkResult({ link, email, onClose }: LinkResultProps) {
  return (
    <div className="space-y-4">
      <p className="text-ui text-fg-2 wrap-anywhere">
        {link.mailed ? `The link is on its way to ${email}. ` : `Hand this link over to ${email}. `}
        It is shown only now, works once, and expires on{" "}
        {new Date(link.expires_at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}.
        Whoever has it can set the password.
      </p>
      <ShownOnce label="Link" text={link.link} testId="password-link" />
      <div className="flex justify-end">
        <Button tone="primary" onClick={onClose} data-testid="link-kept">
          I saved it
        </Button>
      </div>
    </div>
  );
}
