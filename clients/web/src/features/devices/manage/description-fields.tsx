// Name, site and tags of a device in a form.
import { useTranslations } from "next-intl";
import type { UseFormReturn } from "react-hook-form";
import { TextField } from "@/components/form/input";
import type { Description } from "./device-schema";

// A form with more fields fits too, since only these are registered.
type DescriptionFieldsProps = { form: UseFormReturn<Description> };

export function DescriptionFields({ form }: DescriptionFieldsProps) {
  const t = useTranslations("devices");
  const { errors } = form.formState;
  const common = { fieldSize: "md", autoComplete: "off", maxLength: 1_000 } as const;
  return (
    <>
      <TextField
        {...common}
        label={t("name")}
        dir="auto"
        data-testid="device-name"
        error={errors.name?.message}
        {...form.register("name")}
      />
      <TextField
        {...common}
        label={t("site")}
        dir="auto"
        hint={t("whereTheDeviceIsRules")}
        data-testid="device-site"
        error={errors.site?.message}
        {...form.register("site")}
      />
      <TextField
        {...common}
        label={t("tags")}
        hint={t("separatedByCommas")}
        data-testid="device-tags"
        error={errors.tags?.message}
        {...form.register("tags")}
      />
    </>
  );
}
