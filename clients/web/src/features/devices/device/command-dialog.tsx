"use client";
// Asks for what a command needs, and sends it.
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import type { Command } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { numberIn } from "@/lib/forms/number-in";
import { ACTIONS } from "./commands";

type CommandDialogProps = {
  api: ApiClient;
  id: string;
  action: Command["action"];
  isOnline: boolean;
  onSent: () => void;
  onClose: () => void;
};

const ARGUMENTS = {
  seconds: { start: "1", least: 0.1, most: 3_600, isWhole: false },
  lines: { start: "100", least: 1, most: 500, isWhole: true },
} as const;

/** The dialog is open while it is rendered. */
export function CommandDialog({ api, id, action, isOnline, onSent, onClose }: CommandDialogProps) {
  const t = useTranslations("devices");
  const { takes } = ACTIONS[action];
  const argument = takes && ARGUMENTS[takes];
  const [text, setText] = useState<string>(argument?.start ?? "");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [keyOf] = useState(idempotencyKeys);
  const value = argument ? numberIn(text, argument) : null;
  const send = async () => {
    if (isBusy) return;
    if (argument && value === null) {
      const { least, most } = argument;
      setProblem(
        argument.isWhole ? t("enterWholeNumber", { least, most }) : t("enterNumber", { least, most }),
      );
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      const body = { action, ...(takes ? { [takes]: value } : {}) };
      await api.post("/api/telemetry/devices/{device}/commands", {
        path: { device: id },
        body,
        idempotencyKey: keyOf(body),
      });
      onSent();
      onClose();
    } catch (error) {
      setProblem(explain(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t(`actions.${action}.label`)}
      description={t(`actions.${action}.effect`)}
    >
      <form
        method="post"
        noValidate
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <FormProblem testId="command-error">{problem}</FormProblem>
        {!isOnline && (
          <p className="rounded-[7px] bg-warn-soft px-3 py-2 text-ui text-warn">
            {t("theCollectorIsNotConnected")}
          </p>
        )}
        {argument && (
          <TextField
            label={t(`arguments.${takes}`)}
            hint={t("leastToMost", { least: argument.least, most: argument.most })}
            inputMode="decimal"
            fieldSize="md"
            autoFocus
            autoComplete="off"
            maxLength={12}
            value={text}
            onChange={(event) => setText(event.target.value)}
            className="max-w-32 tabular-nums"
            data-testid="command-argument"
          />
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <SubmitButton
            isBusy={isBusy}
            busyText={t("sending")}
            data-testid="command-submit"
            autoFocus={!argument}
          >
            {t("send")}
          </SubmitButton>
        </div>
      </form>
    </Dialog>
  );
}
