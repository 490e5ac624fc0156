"use client";
// A table whose rows are already searched, filtered and sorted. On narrow screens each row becomes a card.
import { useTranslations } from "next-intl";
import {
  rowSortingFeature,
  tableFeatures,
  useTable,
  type SortingState,
  type ColumnDef,
} from "@tanstack/react-table";
import clsx from "clsx";
import { ArrowDown, ArrowUp, ArrowUpDown } from "lucide-react";
import type { ReactNode } from "react";

export type TableColumn<Row> = {
  readonly id: string;
  readonly header: string;
  /** Null when there is nothing to show: a dash in the table, and left out of a card. */
  readonly cell: (row: Row) => ReactNode;
  /** Its header is a button that sorts by this column. */
  readonly isSortable?: true;
  /** Names the row: its header, and the title of the card. */
  readonly isMain?: true;
  /** Left out on narrow screens. */
  readonly isWideOnly?: true;
  /** Screen readers still read the header. */
  readonly isHeaderHidden?: true;
  readonly align?: "right";
  /** Shown in the header in place of its text, such as a check box for all rows. Not on narrow screens. */
  readonly headerCell?: ReactNode;
  /** A check box of the row: a narrow column, in the corner of a card. */
  readonly isCheckBox?: true;
};

export type TableSort = { readonly column: string; readonly isDescending: boolean };

type DataTableProps<Row> = {
  label: string;
  columns: readonly TableColumn<Row>[];
  rows: readonly Row[];
  rowId: (row: Row) => string;
  rowTestId?: (row: Row) => string;
  isSelected?: (row: Row) => boolean;
  sort?: TableSort;
  onSort?: (sort: TableSort) => void;
};

const features = tableFeatures({ rowSortingFeature });

export function DataTable<Row extends object>({
  label,
  columns,
  rows,
  rowId,
  rowTestId,
  isSelected,
  sort,
  onSort,
}: DataTableProps<Row>) {
  const sorting: SortingState = sort ? [{ id: sort.column, desc: sort.isDescending }] : [];
  const table = useTable({
    features,
    data: rows as Row[],
    columns: columns.map(definitionOf),
    getRowId: rowId,
    manualSorting: true,
    enableSortingRemoval: false,
    state: { sorting },
    onSortingChange: (update) => {
      const [next] = typeof update === "function" ? update(sorting) : update;
      if (next) onSort?.({ column: next.id, isDescending: next.desc });
    },
  });
  const byId = new Map(columns.map((column) => [column.id, column]));
  return (
    <div className="@container border-t">
      {/* Cards have no table layout. `display` removes the table roles, so they are set again. */}
      <table role="table" aria-label={label} className="block w-full border-collapse text-ui @3xl:table">
        <thead role="rowgroup" className="sr-only bg-surface-2 @3xl:not-sr-only @3xl:table-header-group">
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} role="row" className="@3xl:table-row">
              {group.headers.map(({ column }) => (
                <HeaderCell
                  key={column.id}
                  column={byId.get(column.id)!}
                  sorted={column.getIsSorted()}
                  onToggle={onSort && column.getCanSort() ? () => column.toggleSorting() : null}
                />
              ))}
            </tr>
          ))}
        </thead>
        <tbody role="rowgroup" className="block @3xl:table-row-group">
          {table.getRowModel().rows.map((row) => (
            <tr
              key={row.id}
              role="row"
              data-testid={rowTestId?.(row.original)}
              aria-selected={isSelected ? isSelected(row.original) : undefined}
              className={clsx(
                "relative flex flex-wrap items-center gap-x-4 gap-y-1.5 border-b px-4 py-3 last:border-b-0 @3xl:table-row @3xl:p-0",
                isSelected?.(row.original) ? "bg-accent-soft" : "hover:bg-surface-2",
              )}
            >
              {columns.map((column) => (
                <BodyCell key={column.id} column={column}>
                  {column.cell(row.original)}
                </BodyCell>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function definitionOf<Row extends object>({
  id,
  header,
  isSortable,
}: TableColumn<Row>): ColumnDef<typeof features, Row> {
  return { id, header, enableSorting: isSortable ?? false, accessorFn: () => null };
}

type HeaderCellProps<Row> = {
  column: TableColumn<Row>;
  sorted: false | "asc" | "desc";
  onToggle: (() => void) | null;
};

function HeaderCell<Row>({ column, sorted, onToggle }: HeaderCellProps<Row>) {
  const Icon = sorted === "asc" ? ArrowUp : sorted === "desc" ? ArrowDown : ArrowUpDown;
  return (
    <th
      role="columnheader"
      scope="col"
      aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined}
      className={clsx(
        "h-8 border-b px-4 text-xs font-medium whitespace-nowrap text-fg-2 @3xl:table-cell",
        column.align === "right" ? "text-right" : "text-left",
        column.isCheckBox && "w-10 pr-0",
      )}
    >
      {onToggle ? (
        <button
          type="button"
          onClick={onToggle}
          data-testid={`sort-${column.id}`}
          className={clsx("inline-flex items-center gap-1 rounded-[5px] hover:text-fg", sorted && "text-fg")}
        >
          {column.header}
          <Icon className={clsx("size-3", !sorted && "opacity-60")} aria-hidden />
        </button>
      ) : column.headerCell ? (
        // Cards have no header: a control in it would be reachable and invisible.
        <span className="hidden @3xl:inline">{column.headerCell}</span>
      ) : (
        <span className={clsx(column.isHeaderHidden && "sr-only")}>{column.header}</span>
      )}
    </th>
  );
}

function BodyCell<Row>({ column, children }: { column: TableColumn<Row>; children: ReactNode }) {
  const className = clsx(
    "@3xl:table-cell @3xl:px-4 @3xl:py-2 @3xl:align-middle",
    column.align === "right" && "@3xl:text-right",
    column.isMain ? "w-full min-w-0 pr-16 text-left font-normal @3xl:w-auto @3xl:pr-4" : "min-w-0",
    column.isHeaderHidden && "absolute top-2 right-2 @3xl:static",
    column.isCheckBox && "absolute top-4 right-14 @3xl:static @3xl:w-10 @3xl:pr-0",
    (column.isWideOnly || children === null) && "hidden",
  );
  if (column.isMain) {
    return (
      <th role="rowheader" scope="row" className={className}>
        {children}
      </th>
    );
  }
  return (
    <td role="cell" className={className}>
      {!column.isHeaderHidden && !column.isCheckBox && (
        // The header of the column is far away in a card.
        <span aria-hidden className="mr-1.5 text-xs text-fg-3 @3xl:hidden">
          {column.header}
        </span>
      )}
      {children ?? "–"}
    </td>
  );
}

export function TableSkeleton({ rows }: { rows: number }) {
  const t = useTranslations("errors");
  return (
    <div role="status" aria-label={t("loading")} className="space-y-3 border-t p-4">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="skeleton h-8" />
      ))}
    </div>
  );
}
