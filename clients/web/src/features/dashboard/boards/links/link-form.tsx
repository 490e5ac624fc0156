"use client";
// The form for a new share link: what it is for, how long it works, and whether other sites may frame it.
import { FormProblem } from "@/components/form/form-problem";
import { CHECKBOX, TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { pageTexts } from "@/i18n/page-texts";
import type { ApiClient } from "@/lib/api/api-client";
import { line, z } from "@/lib/forms/form-schema";
import { useDraftForm } from "@/lib/forms/use-draft-form";
import { useText } from "../text";

const MOST_DAYS = 365;
const MOST_NAME = 80;

const schema = z.object({
  name: line(MOST_NAME, () => pageTexts("boards")("links.nameMissing")),
  days: z.string().check(
    z.trim(),
    z.refine((text) => /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= MOST_DAYS, {
      error: () => pageTexts("boards")("notWhole", { least: 1, most: MOST_DAYS }),
    }),
  ),
  embeddable: z.boolean(),
});

type LinkFormProps = {
  api: ApiClient;
  id: string;
  mayEmbed: boolean;
  onMade: (made: { token: string; embeddable: boolean }) => void;
};

export function LinkForm({ api, id, mayEmbed, onMade }: LinkFormProps) {
  const t = useText();
  const { form, submit } = useDraftForm({
    draft: `share-link:${id}`,
    schema,
    empty: { name: "", days: "30", embeddable: false },
    save: async ({ name, days, embeddable }) => {
      // No idempotency key: the service would have to keep the answer, and with it the token.
      const made = await api.post("/api/telemetry/dashboards/{id}/links", {
        path: { id },
        body: { name, expires_in_days: Number(days), embeddable: mayEmbed && embeddable },
      });
      onMade(made);
    },
  });
  const { errors, isSubmitting } = form.formState;
  return (
    <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-4">
      <FormProblem testId="link-error">{errors.root?.message}</FormProblem>
      <div className="flex flex-wrap gap-3">
        <div className="min-w-0 flex-1 basis-56">
          <TextField
            label={t("links.name")}
            hint={t("links.nameHint")}
            fieldSize="md"
            autoFocus
            dir="auto"
            autoComplete="off"
            maxLength={200}
            data-testid="link-name"
            error={errors.name?.message}
            {...form.register("name")}
          />
        </div>
        <TextField
          label={t("links.days")}
          fieldSize="md"
          inputMode="numeric"
          autoComplete="off"
          maxLength={10}
          className="max-w-28 tabular-nums"
          data-testid="link-days"
          error={errors.days?.message}
          {...form.register("days")}
        />
      </div>
      {mayEmbed && (
        <label className="flex gap-2 text-ui">
          <input
            type="checkbox"
            className={`${CHECKBOX} mt-0.5`}
            data-testid="link-embeddable"
            {...form.register("embeddable")}
          />
          {t("links.mayEmbed")}
        </label>
      )}
      <SubmitButton isBusy={isSubmitting} busyText={t("links.creating")} data-testid="link-create">
        {t("links.create")}
      </SubmitButton>
    </form>
  );
}
