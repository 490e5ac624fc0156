"use client";
// Modal dialogs, and the drawer of narrow screens.
import clsx from "clsx";
import { X } from "lucide-react";
import { Dialog as RadixDialog } from "radix-ui";
import { useTranslations } from "next-intl";
import type { ComponentProps, ReactNode } from "react";
import { useFocusReturn } from "@/lib/use-focus-return";
import { Button } from "./button";

type DialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: string;
  /** True when only the dialog's own buttons may close it, because it shows something that is shown once. */
  isLocked?: boolean;
  children: ReactNode;
};

export function Dialog({ open, onOpenChange, title, description, isLocked = false, children }: DialogProps) {
  const t = useTranslations("common");
  const keep = (event: Event) => {
    if (isLocked) event.preventDefault();
  };
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-40 bg-[rgb(5_8_14/0.45)]" />
        <ModalContent
          onEscapeKeyDown={keep}
          onInteractOutside={keep}
          // Radix warns about a missing description unless this is set.
          {...(description ? {} : { "aria-describedby": undefined })}
          className="fixed top-1/2 left-1/2 z-50 max-h-[85dvh] w-[min(30rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 overflow-auto rounded-[10px] border bg-surface p-5 shadow-pop outline-none"
        >
          <div className="mb-3 flex items-start gap-4">
            <div className="min-w-0 flex-1">
              <RadixDialog.Title className="text-body font-semibold">{title}</RadixDialog.Title>
              {description && (
                <RadixDialog.Description className="mt-1 text-ui text-fg-2">
                  {description}
                </RadixDialog.Description>
              )}
            </div>
            {!isLocked && (
              <RadixDialog.Close asChild>
                <Button tone="ghost" size="icon" aria-label={t("close")} className="-mt-1.5 -mr-1.5">
                  <X className="size-4" aria-hidden />
                </Button>
              </RadixDialog.Close>
            )}
          </div>
          {children}
        </ModalContent>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

type DrawerProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  children: ReactNode;
};

/** A panel that slides in from the left. It is not in the page while closed, so it is not in the tab order. */
export function Drawer({ open, onOpenChange, title, children }: DrawerProps) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-40 bg-[rgb(5_8_14/0.45)]" />
        <ModalContent
          aria-describedby={undefined}
          className={clsx("fixed inset-y-0 left-0 z-50 w-[228px] border-r bg-surface outline-none")}
        >
          <RadixDialog.Title className="sr-only">{title}</RadixDialog.Title>
          {children}
        </ModalContent>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

type TopDialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** For screen readers. */
  title: string;
  children: ReactNode;
};

/** A dialog near the top of the page, without a heading of its own. Its first field takes the focus. */
export function TopDialog({ open, onOpenChange, title, children }: TopDialogProps) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fixed inset-0 z-40 bg-[rgb(5_8_14/0.45)]" />
        <ModalContent
          aria-describedby={undefined}
          className="fixed top-2 left-1/2 z-50 flex max-h-[calc(100dvh-1rem)] w-[min(40rem,calc(100vw-1rem))] -translate-x-1/2 flex-col overflow-hidden rounded-[10px] border bg-surface shadow-pop outline-none sm:top-[12dvh] sm:max-h-[76dvh]"
        >
          <RadixDialog.Title className="sr-only">{title}</RadixDialog.Title>
          {children}
        </ModalContent>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

/** Mounted while open. Radix returns the focus to its own triggers only, and these dialogs have none. */
function ModalContent(props: ComponentProps<typeof RadixDialog.Content>) {
  return <RadixDialog.Content data-modal onCloseAutoFocus={useFocusReturn()} {...props} />;
}
