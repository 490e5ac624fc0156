"use client";
// Asks the user to type a name before an action that destroys something.
import { useTranslations } from "next-intl";
import { useId, useState, type ReactNode } from "react";
import { ConfirmDialog } from "./confirm-dialog";
import { Input } from "./form/input";

type TypedConfirmDialogProps = {
  title: string;
  /** What happens. */
  children: ReactNode;
  /** The text to type. */
  expected: string;
  action: string;
  busyAction: string;
  /** True while the action must not be possible yet. */
  isDisabled?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
};

export function TypedConfirmDialog({
  expected,
  isDisabled = false,
  children,
  ...rest
}: TypedConfirmDialogProps) {
  const t = useTranslations("common");
  const [text, setText] = useState("");
  const id = useId();
  return (
    <ConfirmDialog {...rest} isDisabled={isDisabled || text.trim() !== expected}>
      <div className="space-y-3">
        <div>{children}</div>
        <div className="space-y-1.5">
          <label htmlFor={id} className="block text-ui text-fg">
            {t.rich("typeToConfirm", {
              name: () => <strong className="font-semibold wrap-anywhere">{expected}</strong>,
            })}
          </label>
          <Input
            id={id}
            fieldSize="md"
            autoComplete="off"
            spellCheck={false}
            autoCapitalize="none"
            data-testid="confirm-text"
            value={text}
            maxLength={300}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
      </div>
    </ConfirmDialog>
  );
}
