"use client";
// The name and colour of the pages.
import { useTranslations } from "next-intl";
import { useRef } from "react";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import type { StoredBrand } from "@/contracts/http";
import type { ApiClient, Tagged } from "@/lib/api/api-client";
import { OWN_BRAND } from "@/lib/brand";
import { useVersionedForm } from "@/lib/forms/use-versioned-form";
import { bodyOf, brandSchema, isColor, ratioOf, valuesOf, type BrandValues } from "./brand-schema";
import type { Theme } from "./contrast";

type BrandFormProps = {
  api: ApiClient;
  loaded: Tagged<StoredBrand>;
  isJustSaved: boolean;
  onSaved: (brand: StoredBrand) => void;
};

const USUAL = { light: "#2f5bea", dark: "#6f93ff" } as const;
const PICKERS = { light: "pickLight", dark: "pickDark" } as const;

export function BrandForm({ api, loaded, isJustSaved, onSaved }: BrandFormProps) {
  const t = useTranslations("admin.brand");
  const common = useTranslations("admin");
  const saved = useRef<StoredBrand | null>(null);
  const { form, submit, change, wasRestored, discard } = useVersionedForm<BrandValues>({
    draft: "admin:brand",
    schema: brandSchema,
    loaded: { values: valuesOf(loaded.body), etag: loaded.etag },
    reload: async () => {
      const { body, etag } = await api.getTagged("/api/users/brand");
      return { values: valuesOf(body), etag };
    },
    save: async (values, ifMatch) => {
      saved.current = await api.put("/api/users/brand", { body: bodyOf(values), ifMatch });
    },
    onSaved: () => saved.current && onSaved(saved.current),
  });
  const { errors, isDirty, isSubmitting } = form.formState;
  return (
    <form
      method="post"
      noValidate
      onSubmit={(event) => void submit(event)}
      className="space-y-4 px-4 pt-1 pb-4"
      aria-busy={isSubmitting}
    >
      <p className="text-ui text-fg-2">{t("what")}</p>
      <FormProblem testId="brand-error">{errors.root?.message}</FormProblem>
      {isJustSaved && !isDirty && <FormNotice testId="brand-saved">{common("saved")}</FormNotice>}
      {change && (
        <ChangeNotice
          change={change}
          labels={{ name: t("name"), light: t("light"), dark: t("dark") }}
          show={(field, values) => `“${values[field]}”`}
        />
      )}
      {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
      <TextField
        label={t("name")}
        fieldSize="sm"
        dir="auto"
        maxLength={200}
        autoComplete="off"
        hint={t("nameHint", { product: OWN_BRAND.product })}
        data-testid="brand-name"
        error={errors.name?.message}
        {...form.register("name")}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        {(["light", "dark"] as const).map((theme) => (
          <ColorField
            key={theme}
            theme={theme}
            value={form.watch(theme)}
            error={errors[theme]?.message}
            field={form.register(theme)}
            onPick={(color) => form.setValue(theme, color, { shouldDirty: true, shouldValidate: true })}
          />
        ))}
      </div>
      <SubmitButton
        isBusy={isSubmitting}
        busyText={common("saving")}
        disabled={!isDirty}
        data-testid="brand-save"
      >
        {common("save")}
      </SubmitButton>
    </form>
  );
}

type ColorFieldProps = {
  theme: Theme;
  value: string;
  error?: string;
  field: React.ComponentProps<"input">;
  onPick: (color: string) => void;
};

function ColorField({ theme, value, error, field, onPick }: ColorFieldProps) {
  const t = useTranslations("admin.brand");
  return (
    <div className="flex items-start gap-2">
      <div className="min-w-0 flex-1">
        <TextField
          label={t(theme)}
          fieldSize="sm"
          maxLength={20}
          autoComplete="off"
          spellCheck={false}
          placeholder={USUAL[theme]}
          hint={isColor(value) ? t("contrast", { ratio: ratioOf(value, theme) }) : t("colorHint")}
          error={error}
          data-testid={`brand-${theme}`}
          {...field}
        />
      </div>
      <input
        type="color"
        aria-label={t(PICKERS[theme])}
        value={isColor(value) ? value.trim().toLowerCase() : USUAL[theme]}
        onChange={({ target }) => onPick(target.value)}
        className="mt-[26px] h-9 w-10 shrink-0 rounded-[7px] border border-border-strong bg-surface p-1 sm:pointer-fine:h-8"
      />
    </div>
  );
}
