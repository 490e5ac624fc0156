"use client";
// The logo: chosen, checked and uploaded at once.
import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useRef, useState } from "react";
import { Button } from "@/components/button";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import type { StoredBrand } from "@/contracts/http";
import { ApiError, type ApiClient, type Tagged } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { bytesText } from "./bytes-text";
import { isLogoImage, MAX_LOGO_BYTES } from "./image-file";
import { brandQuery } from "./queries";

const TYPES = "image/png,image/jpeg,image/webp";

type LogoFieldProps = { api: ApiClient; loaded: Tagged<StoredBrand>; onSaved: (brand: StoredBrand) => void };

export function LogoField({ api, loaded, onSaved }: LogoFieldProps) {
  const t = useTranslations("admin.brand");
  const file = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState<"uploading" | "removing" | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [notice, setNotice] = useState<string | null>(null);
  const client = useQueryClient();
  const { logo } = loaded.body;

  const change = async (doing: "uploading" | "removing", done: string, call: () => Promise<StoredBrand>) => {
    setBusy(doing);
    setProblem(null);
    setNotice(null);
    try {
      onSaved(await call());
      setNotice(done);
    } catch (error) {
      setProblem(explain(error));
      // Somebody else has changed the brand. The next try is based on the newest version.
      if (error instanceof ApiError && error.status === 412) {
        await client.refetchQueries({ queryKey: brandQuery(api).queryKey });
      }
    } finally {
      setBusy(null);
    }
  };
  const upload = async (chosen: File) => {
    setNotice(null);
    if (chosen.size > MAX_LOGO_BYTES) return setProblem(t("tooLarge", { size: bytesText(chosen.size) }));
    if (!(await isLogoImage(chosen))) return setProblem(t("notAnImage"));
    await change("uploading", t("logoSaved"), () =>
      api.putFile("/api/users/brand/logo", chosen, { ifMatch: loaded.etag }),
    );
  };
  return (
    <div className="space-y-3 border-t px-4 py-4">
      <h3 className="text-ui font-medium">{t("logo")}</h3>
      <FormProblem testId="logo-error">{problem}</FormProblem>
      <FormNotice testId="logo-saved">{notice}</FormNotice>
      <p className="text-xs text-fg-2">{t("logoWhat")}</p>
      <div className="flex flex-wrap items-center gap-3">
        {logo && (
          // The service limits its size.
          // eslint-disable-next-line @next/next/no-img-element
          <img src={logo} alt={t("logo")} className="size-10 object-contain" data-testid="logo-shown" />
        )}
        <input
          ref={file}
          type="file"
          accept={TYPES}
          className="sr-only"
          tabIndex={-1}
          aria-label={t("chooseLogo")}
          data-testid="logo-file"
          onChange={({ target }) => {
            const chosen = target.files?.[0];
            if (chosen) void upload(chosen);
            // The same file can be chosen again.
            target.value = "";
          }}
        />
        <Button onClick={() => file.current?.click()} disabled={busy !== null}>
          {busy === "uploading" ? t("uploading") : t("chooseLogo")}
        </Button>
        {logo && (
          <Button
            tone="danger"
            disabled={busy !== null}
            data-testid="logo-remove"
            onClick={() =>
              void change("removing", t("logoRemoved"), () =>
                api.delete("/api/users/brand/logo", { ifMatch: loaded.etag }),
              )
            }
          >
            {busy === "removing" ? t("removing") : t("removeLogo")}
          </Button>
        )}
      </div>
    </div>
  );
}
