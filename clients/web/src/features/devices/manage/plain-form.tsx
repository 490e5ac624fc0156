"use client";
// Creates a plain MQTT device and its broker account.
import { useTranslations } from "next-intl";
import { useState } from "react";
import type { UseFormReturn } from "react-hook-form";
import { CHECKBOX, TextField } from "@/components/form/input";
import type { PlainCredentials } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { useDraftForm } from "@/lib/forms/use-draft-form";
import { DescriptionFields } from "./description-fields";
import { bodyOf, plainSchema, type Description, type PlainValues } from "./device-schema";
import { NewDeviceForm } from "./new-device-form";

type PlainFormProps = { api: ApiClient; onCreated: (device: PlainCredentials) => void; onCancel: () => void };

const SIMPLE_NAME = /^[a-z0-9-]{1,32}$/;

export function PlainForm({ api, onCreated, onCancel }: PlainFormProps) {
  const t = useTranslations("devices");
  const [keyOf] = useState(idempotencyKeys);
  const draft = useDraftForm<PlainValues>({
    draft: "plain:new",
    schema: plainSchema,
    empty: { username: "", name: "", site: "", tags: "", allow_any_client_id: false },
    save: async ({ username, allow_any_client_id, ...description }) => {
      const body = {
        username,
        allow_any_client_id,
        // A name in the device's own form, such as ESP_01, was typed on purpose.
        allow_own_form: !SIMPLE_NAME.test(username),
        ...bodyOf(description),
      };
      onCreated(await api.post("/api/collectors/plain-devices", { body, idempotencyKey: keyOf(body) }));
    },
  });
  const { form } = draft;
  return (
    <NewDeviceForm draft={draft} onCancel={onCancel}>
      <TextField
        label={t("userNameAtTheBroker")}
        fieldSize="md"
        autoFocus
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={100}
        hint={t("theLastLevelOfIts")}
        className="font-mono"
        data-testid="device-username"
        error={form.formState.errors.username?.message}
        {...form.register("username")}
      />
      <DescriptionFields form={form as unknown as UseFormReturn<Description>} />
      <label className="flex gap-2 text-ui">
        <input type="checkbox" className={`${CHECKBOX} mt-0.5`} {...form.register("allow_any_client_id")} />
        <span>
          {t("allowAnyClientId")}
          <span className="block text-xs text-fg-2">{t("allowAnyClientIdWhy")}</span>
        </span>
      </label>
    </NewDeviceForm>
  );
}
