"use client";
// One line: a name and the button that saves it.
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { pageTexts } from "@/i18n/page-texts";
import { line, z } from "@/lib/forms/form-schema";
import { useDraftForm } from "@/lib/forms/use-draft-form";

const schema = z.object({ name: line(80, () => pageTexts("explore")("saved.nameMissing")) });

type NameFormProps = {
  /** The name of the form, for its unsaved text. */
  draft: string;
  label: string;
  action: string;
  testId: string;
  empty: string;
  /** Throws ApiError. */
  onSave: (name: string) => Promise<void>;
  onCancel?: () => void;
};

export function NameForm({ draft, label, action, testId, empty, onSave, onCancel }: NameFormProps) {
  const t = useTranslations("explore.saved");
  const { form, submit, discard } = useDraftForm({
    draft,
    schema,
    empty: { name: empty },
    save: async ({ name }) => {
      await onSave(name);
      form.reset({ name: empty });
    },
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-2">
      <FormProblem testId={`${testId}-error`}>{errors.root?.message}</FormProblem>
      <div className="flex flex-wrap items-end gap-2">
        <div className="min-w-0 flex-1 basis-48">
          <TextField
            label={label}
            fieldSize="md"
            dir="auto"
            autoComplete="off"
            maxLength={200}
            data-testid={`${testId}-name`}
            error={errors.name?.message}
            {...form.register("name")}
          />
        </div>
        <SubmitButton isBusy={isSubmitting} busyText={t("working")} data-testid={`${testId}-save`}>
          {action}
        </SubmitButton>
        {onCancel && (
          <Button
            onClick={() => {
              discard();
              onCancel();
            }}
          >
            {t("cancel")}
          </Button>
        )}
      </div>
    </form>
  );
}
