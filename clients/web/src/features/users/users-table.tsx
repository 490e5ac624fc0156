"use client";
// The table of accounts. The users service searches, filters and sorts.
import { useTranslations } from "next-intl";
import { Avatar } from "@/components/avatar";
import { Badge, type Tone } from "@/components/badge";
import { DataTable, type TableColumn, type TableSort } from "@/components/data-table";
import { When } from "@/components/when";
import type { User } from "@/contracts/http";
import type { Can } from "@/lib/permissions";
import { actionsFor, type UserAction } from "./user-actions";
import { UserMenu } from "./user-menu";

const TONES: Readonly<Record<User["state"], Tone>> = { active: "ok", invited: "info", inactive: "neutral" };

type UsersTableProps = {
  users: readonly User[];
  ownId: string;
  can: Can;
  sort: TableSort;
  onSort: (sort: TableSort) => void;
  onAction: (user: User, action: UserAction) => void;
};

export function UsersTable({ users, ownId, can, sort, onSort, onAction }: UsersTableProps) {
  const t = useTranslations("users");
  const roles = useTranslations("common.roles");
  const columns: TableColumn<User>[] = [
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
  return (
    <DataTable
      label={t("users")}
      columns={columns}
      rows={users}
      rowId={({ id }) => id}
      rowTestId={({ email }) => `user-${email}`}
      sort={sort}
      onSort={onSort}
    />
  );
}

function Person({ user, isOwn }: { user: User; isOwn: boolean }) {
  const t = useTranslations("users");
  return (
    <span className="flex min-w-0 items-center gap-3">
      <Avatar name={user.name} />
      <span className="min-w-0">
        <span className="flex flex-wrap gap-x-2">
          <span dir="auto" className="font-medium wrap-anywhere">
            {user.name}
          </span>
          {isOwn && <span className="text-xs text-fg-2">{t("you")}</span>}
        </span>
        <span className="block text-xs font-normal text-fg-2 wrap-anywhere">{user.email}</span>
      </span>
    </span>
  );
}
