// The foot of a table: which rows are shown, and the buttons for the other pages.
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useTranslations } from "next-intl";
import { Button } from "./button";

type CursorPagerProps = {
  /** The number of the first row of the page, from 1. */
  first: number;
  shown: number;
  total: number;
  /** Null when there is no such page. */
  onPrevious: (() => void) | null;
  onNext: (() => void) | null;
};

export function CursorPager({ first, shown, total, onPrevious, onNext }: CursorPagerProps) {
  const t = useTranslations("common.pager");
  return (
    <div className="flex flex-wrap items-center gap-2 border-t px-4 py-2.5 text-ui text-fg-2">
      <span className="tabular-nums" data-testid="pager">
        {shown === 0 ? t("none", { total }) : t("range", { first, last: first + shown - 1, total })}
      </span>
      {(onPrevious || onNext) && (
        <span className="ml-auto flex gap-1">
          <Button
            size="icon"
            aria-label={t("previous")}
            disabled={!onPrevious}
            onClick={onPrevious ?? undefined}
          >
            <ChevronLeft className="size-4" aria-hidden />
          </Button>
          <Button
            size="icon"
            aria-label={t("next")}
            disabled={!onNext}
            onClick={onNext ?? undefined}
            data-testid="next-page"
          >
            <ChevronRight className="size-4" aria-hidden />
          </Button>
        </span>
      )}
    </div>
  );
}
