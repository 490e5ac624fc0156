"use client";
// The tree on narrow screens: a sheet over the page.
import { X } from "lucide-react";
import { useTranslations } from "next-intl";
import { Dialog } from "radix-ui";
import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { useFocusReturn } from "@/lib/use-focus-return";

type SeriesSheetProps = { onOpenChange: (open: boolean) => void; children: ReactNode };

export function SeriesSheet(props: SeriesSheetProps) {
  return (
    <Dialog.Root open onOpenChange={props.onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-[rgb(5_8_14/0.45)]" />
        <Sheet>{props.children}</Sheet>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Sheet({ children }: { children: ReactNode }) {
  const t = useTranslations("explore");
  return (
    <Dialog.Content
      aria-describedby={undefined}
      onCloseAutoFocus={useFocusReturn()}
      className="fixed inset-y-0 left-0 z-50 flex w-[min(23rem,92vw)] flex-col border-r bg-surface outline-none"
    >
      <Dialog.Title className="sr-only">{t("tree.open")}</Dialog.Title>
      {children}
      <div className="border-t p-2">
        <Dialog.Close asChild>
          <Button tone="primary" size="lg" className="w-full">
            <X className="size-4" aria-hidden />
            {t("close")}
          </Button>
        </Dialog.Close>
      </div>
    </Dialog.Content>
  );
}
