"use client";
// The table of accounts. The users service searches, filters and sorts.
import { Avatar } from "@/components/avatar";
import { Badge, type Tone } from "@/components/badge";
import { DataTable, type TableColumn, type TableSort } from "@/components/data-table";
import { When } from "@/components/when";
import type { User } from "@/contracts/http";
import type { Can } from "@/lib/permissions";
import { actionsFor, type UserAction } from "./user-actions";
import { UserMenu } from "./user-menu";
import { ROLE_LABELS } from "./user-schema";

const STATES: Readonly<Record<User["state"], { tone: Tone; label: string }>> = {
  active: { tone: "ok", label: "Active" },
  invited: { tone: "info", label: "Invited" },
  inactive: { tone: "neutral", label: "Disabled" },
};

type UsersTableProps = {
  users: readonly User[];
  ownId: string;
  can: Can;
  sort: TableSort;
  onSort: (sort: TableSort) => void;
  onAction: (user: User, action: UserAction) => void;
};

export function UsersTable({ users, ownId, can, sort, onSort, onAction }: UsersTableProps) {
  const columns: TableColumn<User>[] = [
    {
      id: "name",
      header: "User",
      isSortable: true,
      isMain: true,
      cell: (user) => <Person user={user} isOwn={user.id === ownId} />,
    },
    {
      id: "role",
      header: "Role",
      cell: ({ role }) => (
        <Badge hasDot={false} tone={role === "admin" ? "info" : "neutral"}>
          {ROLE_LABELS[role]}
        </Badge>
      ),
    },
    {
      id: "state",
      header: "Status",
      cell: ({ state }) => <Badge tone={STATES[state].tone}>{STATES[state].label}</Badge>,
    },
    {
      id: "created",
      header: "Created",
      isSortable: true,
      isWideOnly: true,
      cell: (user) => <When at={user.created_at} />,
    },
    {
      id: "updated",
      header: "Changed",
      isSortable: true,
      isWideOnly: true,
      cell: (user) => <When at={user.updated_at} />,
    },
    {
      id: "actions",
      header: "Actions",
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
      label="Users"
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
  return (
    <span className="flex min-w-0 items-center gap-3">
      <Avatar name={user.name} />
      <span className="min-w-0">
        <span className="flex flex-wrap gap-x-2">
          <span dir="auto" className="font-medium wrap-anywhere">
            {user.name}
          </span>
          {isOwn && <span className="text-xs text-fg-2">You</span>}
        </span>
        <span className="block text-xs font-normal text-fg-2 wrap-anywhere">{user.email}</span>
      </span>
    </span>
  );
}
