"use client";
// Saves what a page shows under a name, and deletes saved views.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useTranslations } from "next-intl";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { LoadError } from "@/components/load-error";
import { pageTexts } from "@/i18n/page-texts";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { line, z } from "@/lib/forms/form-schema";
import {
  changeViews,
  LONGEST_NAME,
  MOST_VIEWS,
  savedViewsQuery,
  withoutView,
  withView,
  type SavedView,
  type Shown,
  type ViewPage,
} from "@/lib/lists/saved-views";
import { useDraftForm } from "@/lib/forms/use-draft-form";

const schema = z.object({ name: line(LONGEST_NAME, () => pageTexts("common.savedViews")("enterAName")) });

type SavedViewsDialogProps<P extends ViewPage> = {
  api: ApiClient;
  page: P;
  shown: Shown<P>;
  onClose: () => void;
};

/** The dialog is open while it is rendered. */
export default function SavedViewsDialog<P extends ViewPage>({
  api,
  page,
  shown,
  onClose,
}: SavedViewsDialogProps<P>) {
  const t = useTranslations("common.savedViews");
  const client = useQueryClient();
  const query = useQuery(savedViewsQuery(api));
  const views: readonly SavedView<P>[] = query.data?.[page] ?? [];
  const change = async (next: (now: readonly SavedView<P>[]) => readonly SavedView<P>[]) =>
    client.setQueryData(savedViewsQuery(api).queryKey, await changeViews(api, page, next));
  const removal = useMutation({
    mutationFn: (name: string) => change((now) => withoutView(now, name)),
  });
  const { form, submit } = useDraftForm({
    draft: `view:${page}`,
    schema,
    empty: { name: "" },
    save: async ({ name }) => {
      await change((now) => withView(now, { ...shown, name } as SavedView<P>));
      form.reset({ name: "" });
      onClose();
    },
  });
  const { errors, isSubmitting } = form.formState;
  const name = form.watch("name").trim();
  const isReplacing = views.some((view) => view.name === name);
  const isFull = views.length >= MOST_VIEWS && !isReplacing;
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t("title")} description={t("what")}>
      <div className="space-y-4">
        <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-3">
          <FormProblem testId="view-error">{errors.root?.message}</FormProblem>
          <TextField
            label={t("name")}
            fieldSize="md"
            autoFocus
            dir="auto"
            autoComplete="off"
            maxLength={LONGEST_NAME + 1}
            data-testid="view-name"
            error={errors.name?.message}
            {...form.register("name")}
          />
          {isFull && (
            <p role="status" className="text-ui text-warn" data-testid="views-full">
              {t("full", { most: MOST_VIEWS })}
            </p>
          )}
          <SubmitButton
            isBusy={isSubmitting}
            busyText={t("saving")}
            disabled={isFull}
            data-testid="save-view"
          >
            {isReplacing ? t("replace") : t("save")}
          </SubmitButton>
        </form>
        <FormProblem testId="view-removal-error">{removal.error && explain(removal.error)}</FormProblem>
        {query.error && !query.data && (
          <LoadError error={query.error} what={t("list")} onRetry={() => void query.refetch()} />
        )}
        {views.length > 0 && (
          <ul className="divide-y border-t" aria-label={t("list")}>
            {views.map((view) => (
              <li key={view.name} className="flex items-center gap-2 py-1.5 text-ui">
                <span className="min-w-0 flex-1 wrap-anywhere" dir="auto">
                  {view.name}
                </span>
                <Button
                  tone="ghost"
                  size="icon"
                  aria-label={t("delete", { name: view.name })}
                  disabled={removal.isPending}
                  onClick={() => removal.mutate(view.name)}
                  data-testid="delete-view"
                >
                  <Trash2 className="size-4" aria-hidden />
                </Button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}
