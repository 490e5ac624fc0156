"use client";
// Shows recovery codes. They are shown only once.
import { useTranslations } from "next-intl";
import { pageTexts } from "@/i18n/page-texts";
import { Download } from "lucide-react";
import { useBrand } from "@/components/brand";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy-button";

export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const t = useTranslations("security");
  const { product } = useBrand();
  return (
    <div className="space-y-4">
      <p className="text-ui text-fg-2">{t("useOneOfTheseCodes")}</p>
      <ul
        aria-label={t("recoveryCodes")}
        data-testid="recovery-codes"
        className="grid grid-cols-1 gap-x-6 gap-y-1 rounded-[7px] border bg-surface-2 p-3 font-mono text-ui sm:grid-cols-2"
      >
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        <CopyButton text={codes.join("\n")} label={t("copy")} testId="copy-codes" />
        <Button onClick={() => download(codes, product)} data-testid="download-codes">
          <Download className="size-4" aria-hidden />
          {t("download")}
        </Button>
        <Button tone="primary" className="ml-auto" onClick={onDone} data-testid="codes-kept">
          {t("iSavedThem")}
        </Button>
      </div>
    </div>
  );
}

function download(codes: readonly string[], product: string): void {
  const t = pageTexts("security");
  const text = t("precisionpulseRecoveryCodesForHost", {
    product,
    host: location.host,
    codes: codes.join("\n"),
  });
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "precisionpulse-recovery-codes.txt";
  link.click();
  URL.revokeObjectURL(address);
}
