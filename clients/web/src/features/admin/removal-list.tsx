"use client";
// What a sweep would remove.
import { useTranslations } from "next-intl";
import type { RetentionPreview } from "@/contracts/http";
import { dateTime } from "@/lib/texts/format-time";
import { bytesText } from "./bytes-text";

type RemovalListProps = {
  preview: RetentionPreview;
  /** A level is kept longer than by the settings of the gateways. */
  isLonger: boolean;
};

export function RemovalList({ preview, isLonger }: RemovalListProps) {
  const t = useTranslations("admin.retention");
  const removed = preview.levels.filter(({ partitions }) => partitions > 0);
  const waiting = preview.levels.reduce((sum, { kept }) => sum + kept, 0);
  const raw = removed.find(({ level }) => level === "raw");
  return (
    <div className="space-y-2" data-testid="retention-preview">
      <p className="text-fg">
        {raw?.before
          ? preview.readings === null || preview.devices === null
            ? t("removesUncounted", { before: dateTime(raw.before), size: bytesText(preview.bytes) })
            : t("removes", {
                readings: preview.readings,
                devices: preview.devices,
                before: dateTime(raw.before),
                size: bytesText(preview.bytes),
              })
          : removed.length > 0
            ? t("removesNoReadings", { size: bytesText(preview.bytes) })
            : t("removesNothing")}
      </p>
      {removed.length > 0 && (
        <ul className="space-y-1">
          {removed.map(({ level, partitions, bytes, before }) => (
            <li key={level}>
              {t("removedLevel", {
                level: t(`levels.${level}`),
                partitions,
                before: before ? dateTime(before) : "",
                size: bytesText(bytes),
              })}
            </li>
          ))}
        </ul>
      )}
      {waiting > 0 && <p>{t("waiting", { count: waiting })}</p>}
      <p>{removed.length > 0 ? t("finalSoon") : t("futureOnly")}</p>
      {isLonger && <p data-testid="retention-old-gateways">{t("oldGateways")}</p>}
    </div>
  );
}
