// Also send a link by mail? Whoever creates the link sees it in any case.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { CHECKBOX } from "@/components/form/input";
import type { ApiClient } from "@/lib/api/api-client";
import { mailQuery } from "./queries";

type MailFieldProps = { api: ApiClient; isMailed: boolean; onChange: (on: boolean) => void };

/** A checkbox; without a mail server, the reason why there is none. */
export function MailField({ api, isMailed, onChange }: MailFieldProps) {
  const t = useTranslations("users");
  const { data: mail, isPending } = useQuery(mailQuery(api));
  if (mail?.server === null) {
    return (
      <p className="text-ui text-fg-2" data-testid="no-mail">
        {t("mailIsNotConfigured")}
      </p>
    );
  }
  // Without an answer the box stays: the service rejects a mail that it cannot send.
  return (
    <label className="flex items-start gap-2 text-ui text-fg">
      <input
        type="checkbox"
        className={`${CHECKBOX} mt-0.5`}
        checked={isMailed}
        disabled={isPending}
        onChange={(event) => onChange(event.target.checked)}
        data-testid="send-mail"
      />
      {t("alsoSendByMail")}
    </label>
  );
}
