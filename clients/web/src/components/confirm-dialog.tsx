"use client";
// Asks for confirmation before an action that cannot be undone.
import { AlertDialog } from "radix-ui";
import { useTranslations } from "next-intl";
import { useState, type ReactNode } from "react";
import { useFocusReturn } from "@/lib/use-focus-return";
import { explain } from "@/lib/api/explain";
import { Button } from "./button";
import { FormProblem } from "./form/form-problem";

type ConfirmDialogProps = {
  title: string;
  children: ReactNode;
  /** The button's label, and its label while busy. */
  action: string;
  busyAction: string;
  /** True while the action must not be possible yet. */
  isDisabled?: boolean;
  /** Resolves when the action is done. When it rejects, the dialog shows the problem and stays open. */
  onConfirm: () => Promise<unknown>;
  /** False when the caller replaces this dialog after the action. */
  closesItself?: boolean;
  /** Given when the action can be stopped while it runs. `onConfirm` then resolves or rejects soon. */
  onStop?: () => void;
  onClose: () => void;
};

/** The dialog is open while it is rendered. */
export function ConfirmDialog({
  title,
  children,
  action,
  busyAction,
  isDisabled = false,
  onConfirm,
  closesItself = true,
  onStop,
  onClose,
}: ConfirmDialogProps) {
  const t = useTranslations("common");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const returnFocus = useFocusReturn();
  const confirm = async () => {
    if (isBusy) return;
    setBusy(true);
    setProblem(null);
    try {
      await onConfirm();
      if (closesItself) onClose();
    } catch (error) {
      setProblem(explain(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && !isBusy && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="fixed inset-0 z-40 bg-[rgb(5_8_14/0.45)]" />
        <AlertDialog.Content
          onCloseAutoFocus={returnFocus}
          className="fixed top-1/2 left-1/2 z-50 max-h-[85dvh] w-[min(26rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 space-y-4 overflow-auto rounded-[10px] border bg-surface p-5 shadow-pop outline-none"
        >
          <div className="space-y-1">
            <AlertDialog.Title className="text-body font-semibold">{title}</AlertDialog.Title>
            <AlertDialog.Description asChild>
              <div className="text-ui text-fg-2">{children}</div>
            </AlertDialog.Description>
          </div>
          <FormProblem>{problem}</FormProblem>
          <div className="flex justify-end gap-2">
            {isBusy && onStop ? (
              <Button onClick={onStop} data-testid="stop">
                {t("stop")}
              </Button>
            ) : (
              <AlertDialog.Cancel asChild>
                <Button disabled={isBusy}>{t("cancel")}</Button>
              </AlertDialog.Cancel>
            )}
            <Button
              tone="danger"
              disabled={isBusy || isDisabled}
              onClick={() => void confirm()}
              data-testid="confirm"
            >
              {isBusy ? busyAction : action}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
