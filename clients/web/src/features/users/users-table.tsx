"use client";
// The table of accounts. The users service searches, filters and sorts.
import { useTranslations } from "next-intl";
import Link from "next/link";
import { ShieldCheck } from "lucide-react";
import { Avatar } from "@/components/avatar";
import { Badge, type Tone } from "@/components/badge";
import { DataTable, type TableColumn, type TableSort } from "@/components/data-table";
import { SelectPage, SelectRow, type Selection } from "@/components/row-selection";
import { When } from "@/components/when";
import type { SignIns, User } from "@/contracts/http";
import type { Can } from "@/lib/permissions";
import type { Column } from "./columns";
import { actionsFor, type UserAction } from "./user-actions";
import { UserMenu } from "./user-menu";

export const TONES: Readonly<Record<User["state"], Tone>> = {
  active: "ok",
  invited: "info",
  inactive: "neutral",
};

type UsersTableProps = {
  users: readonly User[];
  ownId: string;
  can: Can;
  sort: TableSort;
  onSort: (sort: TableSort) => void;
  onAction: (user: User, action: UserAction) => void;
  /** Undefined while it is not known, or not allowed to be known. */
  signIns: ReadonlyMap<string, SignIns> | undefined;
  isHidden: (column: string) => boolean;
  /** Null when the person may not change accounts. */
  selection: Selection<User> | null;
};

export function UsersTable({
  users,
  ownId,
  can,
  sort,
  onSort,
  onAction,
  signIns,
  isHidden,
  selection,
}: UsersTableProps) {
  const t = useTranslations("users");
  const roles = useTranslations("common.roles");
  const common = useTranslations("common.selection");
  const all: (TableColumn<User> | null)[] = [
    selection && {
      id: "select",
      header: common("select"),
      headerCell: <SelectPage rows={users} selection={selection} />,
      isCheckBox: true,
      cell: (user) => (
        <SelectRow row={user} name={user.name} testId={`select-${user.email}`} selection={selection} />
      ),
    },
    {
      id: "name",
      header: t("user"),
      isSortable: true,
      isMain: true,
      cell: (user) => <Person user={user} isOwn={user.id === ownId} />,
    },
    {
      id: "role",
      header: t("role"),
      cell: ({ role }) => (
        <Badge hasDot={false} tone={role === "admin" ? "info" : "neutral"}>
          {roles(role)}
        </Badge>
      ),
    },
    {
      id: "state",
      header: t("status"),
      cell: ({ state }) => <Badge tone={TONES[state]}>{t(state)}</Badge>,
    },
    {
      id: "factor",
      header: t("columnNames.factor"),
      cell: ({ id }) => <Factor signIns={signIns?.get(id)} />,
    },
    {
      id: "lastActive",
      header: t("columnNames.lastActive"),
      cell: ({ id }) => {
        const at = signIns?.get(id)?.last_used_at;
        return at ? <When at={at} /> : null;
      },
    },
    {
      id: "created",
      header: t("created"),
      isSortable: true,
      isWideOnly: true,
      cell: (user) => <When at={user.created_at} />,
    },
    {
      id: "updated",
      header: t("changed"),
      isSortable: true,
      isWideOnly: true,
      cell: (user) => <When at={user.updated_at} />,
    },
    {
      id: "actions",
      header: t("actions"),
      isHeaderHidden: true,
      align: "right",
      cell: (user) => (
        <UserMenu
          user={user}
          actions={actionsFor(user, user.id === ownId, can)}
          onAction={(action) => onAction(user, action)}
        />
      ),
    },
  ];
  const hidden = new Set<Column>(
    can("sessions.manage") ? [] : ["factor", "lastActive"], // the auth service would not tell
  );
  const columns = all.filter(
    (column) => column !== null && !isHidden(column.id) && !hidden.has(column.id as Column),
  ) as TableColumn<User>[];
  return (
    <DataTable
      label={t("users")}
      columns={columns}
      rows={users}
      rowId={({ id }) => id}
      rowTestId={({ email }) => `user-${email}`}
      isSelected={selection ? ({ id }) => selection.chosen.has(id) : undefined}
      sort={sort}
      onSort={onSort}
    />
  );
}

function Factor({ signIns }: { signIns: SignIns | undefined }) {
  const t = useTranslations("users");
  if (!signIns) return null;
  return signIns.has_second_factor ? (
    <span className="inline-flex items-center gap-1.5">
      <ShieldCheck className="size-4 text-ok" aria-hidden />
      {t("factorOn")}
    </span>
  ) : (
    <span className="text-fg-2">{t("factorOff")}</span>
  );
}

function Person({ user, isOwn }: { user: User; isOwn: boolean }) {
  const t = useTranslations("users");
  return (
    <span className="flex min-w-0 items-center gap-3">
      <Avatar name={user.name} />
      <span className="min-w-0">
        <span className="flex flex-wrap gap-x-2">
          <Link
            href={`/users/${user.id}`}
            dir="auto"
            className="font-medium wrap-anywhere hover:underline"
            data-testid={`open-${user.email}`}
          >
            {user.name}
          </Link>
          {isOwn && <span className="text-xs text-fg-2">{t("you")}</span>}
        </span>
        <span className="block text-xs font-normal text-fg-2 wrap-anywhere">{user.email}</span>
      </span>
    </span>
  );
}
