"use client";
// Modal dialogs and the side drawer of narrow screens.
import clsx from "clsx";
import { X } from "lucide-react";
import { Dialog as RadixDialog } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { useFocusReturn } from "@/lib/use-focus-return";
import { Button } from "./button";

type DialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: string;
  /** It shows what is shown once: only its own buttons close it. */
  isLocked?: boolean;
  children: ReactNode;
};

export function Dialog({ open, onOpenChange, title, description, isLocked = false, children }: DialogProps) {
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
          // Radix asks for this when there is no description on purpose.
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
                <Button tone="ghost" size="icon" aria-label="Close" className="-mt-1.5 -mr-1.5">
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

/** Slides in from the left; not in the page at all while closed, so it takes no part in the tab order. */
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

/** Mounted only while open. Our dialogs have no trigger of Radix's own, to which it would give the focus back. */
function ModalContent(props: ComponentProps<typeof RadixDialog.Content>) {
  return <RadixDialog.Content onCloseAutoFocus={useFocusReturn()} {...props} />;
}
