"use client";
// Making an API key: what it may, for how long, and its text, which is shown once.
import { useId, useState } from "react";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { Dialog } from "@/components/dialog";
import { FormProblem } from "@/components/form/form-problem";
import { CHECKBOX, TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { PERMISSIONS } from "@/contracts/generated/permissions";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { grantable, READ_ONLY } from "@/lib/permissions";
import { typed, useSubmission } from "./use-submission";

const DEFAULT_DAYS = 90;
const MAX_DAYS = 365;

type ApiKeyDialogProps = { api: ApiClient; role: string; onCreated: () => void; onClose: () => void };

/** Open as long as it is rendered. */
export function ApiKeyDialog({ api, role, onCreated, onClose }: ApiKeyDialogProps) {
  const [text, setText] = useState<string | null>(null);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={text ? "Keep your API key" : "Create an API key"}
      isLocked={text !== null}
    >
      {text ? (
        <div className="space-y-4">
          <p className="text-ui text-fg-2">
            This is the only time that the key is shown. Who has it may what you allowed it.
          </p>
          <p
            className="rounded-[7px] border bg-surface-2 p-3 font-mono text-ui break-all select-all"
            data-testid="key-text"
          >
            {text}
          </p>
          <div className="flex gap-2">
            <CopyButton text={text} label="Copy" testId="copy-key" />
            <Button tone="primary" className="ml-auto" onClick={onClose} data-testid="key-kept">
              I have kept it
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
  const errorId = useId();
  const [keyOf] = useState(idempotencyKeys);
  const { isBusy, problem, setProblem, submit } = useSubmission(
    async (form) => {
      const checked = form.getAll("scope");
      const body = {
        name: typed(form, "name").trim(),
        scope: grantable(role).filter((permission) => checked.includes(permission)),
        expires_in_days: Number(typed(form, "days")),
      };
      const { key } = await api.post("/api/auth/api-keys", { body, idempotencyKey: keyOf(body) });
      onCreated(key);
    },
    (error) => explain(error, { invalid_request: `Give a name, a permission, and 1 to ${MAX_DAYS} days.` }),
  );
  return (
    <form
      method="post"
      onSubmit={(event) => {
        // "At least one of these" is nothing that a browser checks by itself.
        if (new FormData(event.currentTarget).has("scope")) return submit(event);
        event.preventDefault();
        setProblem("Choose at least one permission.");
      }}
      aria-busy={isBusy}
      className="space-y-4"
    >
      <FormProblem id={errorId} testId="key-error">
        {problem}
      </FormProblem>
      <TextField
        label="Name"
        name="name"
        required
        maxLength={80}
        // Spaces alone are no name.
        pattern=".*\S.*"
        autoComplete="off"
        autoFocus
        fieldSize="md"
        placeholder="Nightly export"
        data-testid="key-name"
        aria-describedby={problem ? errorId : undefined}
      />
      <fieldset>
        <legend className="mb-0.5 text-ui font-medium">May</legend>
        <p className="mb-1.5 text-xs text-fg-2">
          Reading is enough for most programs. Add what this one needs.
        </p>
        <div className="max-h-56 space-y-1.5 overflow-y-auto rounded-[7px] border p-3">
          {grantable(role).map((permission) => (
            <label key={permission} className="flex gap-2 text-ui">
              <input
                type="checkbox"
                name="scope"
                value={permission}
                defaultChecked={READ_ONLY.includes(permission)}
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
        label="Days until it expires"
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
      <SubmitButton isBusy={isBusy} busyText="Creating…" data-testid="key-create">
        Create key
      </SubmitButton>
    </form>
  );
}
