"use client";
// How long stored readings are kept: changed after a dry run.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState, type SyntheticEvent } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { Retention, RetentionPreview } from "@/contracts/http";
import type { ApiClient, Tagged } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { numberLocale } from "@/lib/texts/page-locale";
import { useVersionedForm } from "@/lib/forms/use-versioned-form";
import { bytesText } from "./bytes-text";
import { retentionQuery } from "./queries";
import { RemovalList } from "./removal-list";
import {
  daysOf,
  isLonger,
  LEVELS,
  retentionSchema,
  valuesOf,
  type Level,
  type RetentionValues,
} from "./retention-schema";

export function RetentionPanel({ api }: { api: ApiClient }) {
  const t = useTranslations("admin.retention");
  const client = useQueryClient();
  const [isSaved, setSaved] = useState(false);
  const query = useQuery(retentionQuery(api));
  return (
    <Panel title={t("title")} testId="panel-retention">
      <PanelContent query={query} skeletonHeight="18rem">
        {(loaded) => (
          <RetentionForm
            // What was saved is the new start.
            key={loaded.etag}
            api={api}
            loaded={loaded}
            isJustSaved={isSaved}
            onSaved={() => {
              setSaved(true);
              void client.refetchQueries({ queryKey: retentionQuery(api).queryKey });
            }}
          />
        )}
      </PanelContent>
    </Panel>
  );
}

type RetentionFormProps = {
  api: ApiClient;
  loaded: Tagged<Retention>;
  isJustSaved: boolean;
  onSaved: () => void;
};

function RetentionForm({ api, loaded, isJustSaved, onSaved }: RetentionFormProps) {
  const t = useTranslations("admin.retention");
  const common = useTranslations("admin");
  const [preview, setPreview] = useState<RetentionPreview | null>(null);
  const [isChecking, setChecking] = useState(false);
  const { form, submit, change, wasRestored, discard } = useVersionedForm<RetentionValues>({
    draft: "admin:retention",
    schema: retentionSchema(loaded.body),
    loaded: { values: valuesOf(loaded.body), etag: loaded.etag },
    reload: async () => {
      const { body, etag } = await api.getTagged("/api/telemetry/retention");
      return { values: valuesOf(body), etag };
    },
    save: (values, ifMatch) => api.put("/api/telemetry/retention", { body: daysOf(values), ifMatch }),
    onSaved,
  });
  const { errors, isDirty, isSubmitting } = form.formState;

  // The first step of two: what would be removed. The dialog then saves.
  const check = async (event: SyntheticEvent) => {
    event.preventDefault();
    form.clearErrors();
    if (!(await form.trigger())) return;
    setChecking(true);
    try {
      setPreview(await api.post("/api/telemetry/retention/preview", { body: daysOf(form.getValues()) }));
    } catch (error) {
      form.setError("root", { message: explain(error) });
    } finally {
      setChecking(false);
    }
  };
  const labels = Object.fromEntries(LEVELS.map((level) => [level, t(`levels.${level}`)]));
  return (
    <form
      method="post"
      noValidate
      onSubmit={(event) => void check(event)}
      className="space-y-4 px-4 pt-1 pb-4"
      aria-busy={isChecking || isSubmitting}
    >
      <p className="text-ui text-fg-2">{t("what")}</p>
      <FormProblem testId="retention-error">{errors.root?.message}</FormProblem>
      {isJustSaved && !isDirty && <FormNotice testId="retention-saved">{t("savedUntil")}</FormNotice>}
      {change && (
        <ChangeNotice
          change={change}
          labels={labels as Record<Level, string>}
          show={(level, values) => values[level] || t("default")}
        />
      )}
      {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
      <div className="grid gap-x-4 gap-y-3 sm:grid-cols-2">
        {LEVELS.map((level) => (
          <LevelField
            key={level}
            level={level}
            retention={loaded.body}
            error={errors[level]?.message}
            field={form.register(level)}
          />
        ))}
      </div>
      <p className="text-xs text-fg-2">{t("forever")}</p>
      <SubmitButton
        isBusy={isChecking}
        busyText={t("checking")}
        disabled={!isDirty}
        data-testid="retention-check"
      >
        {t("check")}
      </SubmitButton>
      {preview && (
        <ConfirmDialog
          title={t("confirmTitle")}
          action={t("confirm")}
          busyAction={common("saving")}
          onConfirm={() => submit()}
          onClose={() => setPreview(null)}
        >
          <RemovalList preview={preview} isLonger={isLonger(loaded.body, form.getValues())} />
        </ConfirmDialog>
      )}
    </form>
  );
}

type LevelFieldProps = {
  level: Level;
  retention: Retention;
  error?: string;
  field: React.ComponentProps<"input">;
};

function LevelField({ level, retention, error, field }: LevelFieldProps) {
  const t = useTranslations("admin.retention");
  const found = retention.levels.find((one) => one.level === level)!;
  const usual = found.default_days.toLocaleString(numberLocale(), { maximumFractionDigits: 2 });
  return (
    <TextField
      label={t("daysOf", { level: t(`levels.${level}`) })}
      fieldSize="sm"
      inputMode="numeric"
      autoComplete="off"
      maxLength={8}
      placeholder={t("placeholder", { days: usual })}
      error={error}
      hint={t("hint", { what: t(`holds.${level}`), size: bytesText(found.bytes) })}
      data-testid={`retention-${level}`}
      {...field}
    />
  );
}
