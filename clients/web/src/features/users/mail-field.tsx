// Also send a link by mail? Whoever creates the link sees it in any case.
import { useTranslations } from "next-intl";
import { CHECKBOX } from "@/components/form/input";

export function MailField({ isMailed, onChange }: { isMailed: boolean; onChange: (on: boolean) => void }) {
  const t = useTranslations("users");
  return (
    <label className="flex items-start gap-2 text-ui text-fg">
      <input
        type="checkbox"
        className={`${CHECKBOX} mt-0.5`}
        checked={isMailed}
        onChange={(event) => onChange(event.target.checked)}
        data-testid="send-mail"
      />
      {t("alsoSendByMail")}
    </label>
  );
}
