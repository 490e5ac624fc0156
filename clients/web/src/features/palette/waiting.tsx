"use client";
// The search while its code loads. What is typed meanwhile is kept.
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { InputRow, INPUT_STYLE, MOST_TEXT } from "./input-row";

type WaitingProps = {
  text: string;
  onText: (text: string) => void;
  onClose: () => void;
  /** The code could not be loaded. */
  hasFailed: boolean;
  onRetry: () => void;
};

export function Waiting({ text, onText, onClose, hasFailed, onRetry }: WaitingProps) {
  const t = useTranslations("palette");
  const common = useTranslations("common");
  return (
    <>
      <InputRow onClose={onClose}>
        <input
          aria-label={t("search")}
          placeholder={t("placeholder")}
          value={text}
          maxLength={MOST_TEXT}
          onChange={(event) => onText(event.target.value)}
          className={INPUT_STYLE}
        />
      </InputRow>
      {hasFailed ? (
        <div role="alert" className="flex items-center justify-between gap-3 p-4 text-ui text-crit">
          {t("notLoaded")}
          <Button onClick={onRetry}>{common("tryAgain")}</Button>
        </div>
      ) : (
        <p role="status" className="p-4 text-ui text-fg-3">
          {t("loading")}
        </p>
      )}
    </>
  );
}
