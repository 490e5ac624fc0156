// Tells what somebody else saved while a form was open.
import { Users } from "lucide-react";
import { useTranslations } from "next-intl";
import type { Change } from "@/lib/forms/use-versioned-form";

type ChangeNoticeProps<T> = {
  change: Change<T>;
  /** The fields' labels on screen. */
  labels: Readonly<Record<keyof T & string, string>>;
  /** A field's value as text. */
  show: (field: keyof T & string, value: T) => string;
};

export function ChangeNotice<T>({ change, labels, show }: ChangeNoticeProps<T>) {
  const t = useTranslations("common.change");
  const { conflicts, adopted, theirs } = change;
  return (
    <div
      role="alert"
      data-testid="change-notice"
      className="flex gap-2 rounded-[7px] bg-warn-soft px-3 py-2.5 text-ui text-warn"
    >
      <Users className="mt-0.5 size-4 shrink-0" aria-hidden />
      <div className="min-w-0 space-y-1 wrap-anywhere">
        <p>{t("saved")}</p>
        {adopted.length > 0 && (
          <p>
            {t("adopted", {
              fields: adopted
                .map((field) => t("adoptedField", { field: labels[field], value: show(field, theirs) }))
                .join(", "),
            })}
          </p>
        )}
        {conflicts.length > 0 && (
          <p>
            {t("conflicts", {
              fields: conflicts
                .map((field) => t("conflictField", { field: labels[field], value: show(field, theirs) }))
                .join(", "),
            })}
          </p>
        )}
      </div>
    </div>
  );
}

/** Says that the form shows values that were typed before. */
export function RestoredNotice({ onDiscard }: { onDiscard: () => void }) {
  const t = useTranslations("common.draft");
  return (
    <p
      role="status"
      className="flex flex-wrap gap-x-2 rounded-[7px] bg-info-soft px-3 py-2 text-ui text-info"
    >
      {t("restored")}
      <button type="button" className="font-medium underline" onClick={onDiscard} data-testid="discard-draft">
        {t("discard")}
      </button>
    </p>
  );
}
