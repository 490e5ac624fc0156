"use client";
// The boxes that select rows of a table. The selection is kept while the table searches and turns pages.
import { useTranslations } from "next-intl";
import { CHECKBOX } from "./form/input";

export type Selection<Row> = {
  /** The selected rows by id, as they were when they were selected. */
  readonly chosen: ReadonlyMap<string, Row>;
  /** The most rows that can be selected. */
  readonly most: number;
  readonly onChange: (chosen: ReadonlyMap<string, Row>) => void;
};

type SelectRowProps<Row> = { row: Row; name: string; testId: string; selection: Selection<Row> };

export function SelectRow<Row extends { readonly id: string }>({
  row,
  name,
  testId,
  selection: { chosen, most, onChange },
}: SelectRowProps<Row>) {
  const t = useTranslations("common.selection");
  const isChosen = chosen.has(row.id);
  return (
    <input
      type="checkbox"
      className={`${CHECKBOX} block`}
      aria-label={t("selectName", { name })}
      data-testid={testId}
      checked={isChosen}
      disabled={!isChosen && chosen.size >= most}
      onChange={() => {
        const next = new Map(chosen);
        if (!next.delete(row.id)) next.set(row.id, row);
        onChange(next);
      }}
    />
  );
}

type SelectPageProps<Row> = { rows: readonly Row[]; selection: Selection<Row> };

/** Selects all rows of the page, or none of them. */
export function SelectPage<Row extends { readonly id: string }>({
  rows,
  selection: { chosen, most, onChange },
}: SelectPageProps<Row>) {
  const t = useTranslations("common.selection");
  const count = rows.filter(({ id }) => chosen.has(id)).length;
  const isFull = chosen.size >= most;
  const deselects = count === rows.length || (isFull && count > 0);
  return (
    <input
      type="checkbox"
      className={`${CHECKBOX} block`}
      aria-label={t("selectPage")}
      data-testid="select-page"
      checked={count > 0 && count === rows.length}
      disabled={isFull && count === 0}
      ref={(box) => {
        if (box) box.indeterminate = count > 0 && count < rows.length;
      }}
      onChange={() => {
        const next = new Map(chosen);
        for (const row of rows) {
          if (deselects) next.delete(row.id);
          else if (next.size < most) next.set(row.id, row);
        }
        onChange(next);
      }}
    />
  );
}
