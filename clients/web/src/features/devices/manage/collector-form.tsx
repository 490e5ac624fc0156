"use client";
// Creates a collector and its one-time code.
import { useTranslations } from "next-intl";
import { useState } from "react";
import type { UseFormReturn } from "react-hook-form";
import { TextField } from "@/components/form/input";
import type { CollectorWithCode } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { useDraftForm } from "@/lib/forms/use-draft-form";
import { DescriptionFields } from "./description-fields";
import { bodyOf, collectorSchema, type CollectorValues, type Description } from "./device-schema";
import { NewDeviceForm } from "./new-device-form";

type CollectorFormProps = {
  api: ApiClient;
  onCreated: (collector: CollectorWithCode) => void;
  onCancel: () => void;
};

export function CollectorForm({ api, onCreated, onCancel }: CollectorFormProps) {
  const t = useTranslations("devices");
  const [keyOf] = useState(idempotencyKeys);
  const draft = useDraftForm<CollectorValues>({
    draft: "collector:new",
    schema: collectorSchema,
    empty: { id: "", name: "", site: "", tags: "" },
    save: async (values) => {
      const body = { id: values.id, ...bodyOf(values) };
      onCreated(await api.post("/api/collectors", { body, idempotencyKey: keyOf(body) }));
    },
  });
  const { form } = draft;
  return (
    <NewDeviceForm draft={draft} onCancel={onCancel}>
      <TextField
        label={t("id")}
        fieldSize="md"
        autoFocus
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={100}
        hint={t("itsNameInTopicsIt")}
        className="font-mono"
        data-testid="device-id"
        error={form.formState.errors.id?.message}
        {...form.register("id")}
      />
      <DescriptionFields form={form as unknown as UseFormReturn<Description>} />
    </NewDeviceForm>
  );
}
