"use client";
// Creates an API key: its permissions, its lifetime, and the key itself, which is shown once.
import { useTranslations } from "next-intl";
import { useId, useState } from "react";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { Dialog } from "@/components/dialog";
import { FormProblem } from "@/components/form/form-problem";
import { CHECKBOX, TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { PERMISSIONS } from "@/contracts/generated/permissions";
import type { ApiClient } from "@/lib/api/api-client";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { DEFAULT_SCOPE, grantablePermissions } from "@/lib/permissions";
import { typed, useSubmission } from "./use-submission";

const DEFAULT_DAYS = 90;
const MAX_DAYS = 365;

type ApiKeyDialogProps = { api: ApiClient; role: string; onCreated: () => void; onClose: () => void };

/** The dialog is open while it is rendered. */
export function ApiKeyDialog({ api, role, onCreated, onClose }: ApiKeyDialogProps) {
  const t = useTranslations("security");
  const [text, setText] = useState<string | null>(null);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={text ? t("saveYourApiKey") : t("createAnApiKey")}
      isLocked={text !== null}
    >
      {text ? (
        <div className="space-y-4">
          <p className="text-ui text-fg-2">{t("theKeyIsShownOnly")}</p>
          <p
            className="rounded-[7px] border bg-surface-2 p-3 font-mono text-ui break-all select-all"
            data-testid="key-text"
          >
            {text}
          </p>
          <div className="flex gap-2">
            <CopyButton text={text} label={t("copy")} testId="copy-key" />
            <Button tone="primary" className="ml-auto" onClick={onClose} data-testid="key-kept">
              {t("iSavedIt")}
            </Button>
          </div>
        </div>
      ) : (
        <CreateForm
          api={api}
          role={role}
          onCreated={(key) => {
            setText(key);
            onCreated();
          }}
        />
      )}
    </Dialog>
  );
}

function CreateForm({
  api,
  role,
  onCreated,
}: {
  api: ApiClient;
  role: string;
  onCreated: (key: string) => void;
}) {
  const t = useTranslations("security");
  const errorId = useId();
  const [keyOf] = useState(idempotencyKeys);
  const { isBusy, problem, setProblem, submit } = useSubmission(
    async (form) => {
      const checked = form.getAll("scope");
      const body = {
        name: typed(form, "name").trim(),
        scope: grantablePermissions(role).filter((permission) => checked.includes(permission)),
        expires_in_days: Number(typed(form, "days")),
      };
      const { key } = await api.post("/api/auth/api-keys", { body, idempotencyKey: keyOf(body) });
      onCreated(key);
    },
    { fieldHint: t("enterANameAtLeast", { MAX_DAYS }) },
  );
  return (
    <form
      method="post"
      onSubmit={(event) => {
        // Browsers cannot check that at least one box is ticked.
        if (new FormData(event.currentTarget).has("scope")) return submit(event);
        event.preventDefault();
        setProblem(t("chooseAtLeastOnePermission"));
      }}
      aria-busy={isBusy}
      className="space-y-4"
    >
      <FormProblem id={errorId} testId="key-error">
        {problem}
      </FormProblem>
      <TextField
        label={t("name")}
        name="name"
        required
        maxLength={80}
        // A name must not consist of spaces only.
        pattern=".*\S.*"
        autoComplete="off"
        autoFocus
        fieldSize="md"
        placeholder={t("nightlyExport")}
        data-testid="key-name"
        aria-describedby={problem ? errorId : undefined}
      />
      <fieldset>
        <legend className="mb-0.5 text-ui font-medium">{t("permissions")}</legend>
        <p className="mb-1.5 text-xs text-fg-2">{t("mostProgramsOnlyNeedTo")}</p>
        <div className="max-h-56 space-y-1.5 overflow-y-auto rounded-[7px] border p-3">
          {grantablePermissions(role).map((permission) => (
            <label key={permission} className="flex gap-2 text-ui">
              <input
                type="checkbox"
                name="scope"
                value={permission}
                defaultChecked={DEFAULT_SCOPE.includes(permission)}
                className={`${CHECKBOX} mt-0.5`}
                data-testid={`scope-${permission}`}
              />
              <span className="min-w-0">
                {PERMISSIONS[permission]}
                <span className="block font-mono text-2xs text-fg-2">{permission}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      <TextField
        label={t("daysUntilItExpires")}
        name="days"
        type="number"
        required
        min={1}
        max={MAX_DAYS}
        step={1}
        defaultValue={DEFAULT_DAYS}
        fieldSize="md"
        className="max-w-28 tabular-nums"
        data-testid="key-days"
      />
      <SubmitButton isBusy={isBusy} busyText={t("creating")} data-testid="key-create">
        {t("createKey")}
      </SubmitButton>
    </form>
  );
}
