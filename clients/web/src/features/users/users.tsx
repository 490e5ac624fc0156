"use client";
// The page about users: search, filters, table, pages, and the dialogs of the actions.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { UserPlus, UserSearch } from "lucide-react";
import { useTranslations } from "next-intl";
import { useRef, useState } from "react";
import { Button } from "@/components/button";
import { ColumnsMenu } from "@/components/columns-menu";
import { SearchField } from "@/components/form/search-field";
import { lazyPart } from "@/components/lazy-part";
import { LoadError } from "@/components/load-error";
import { NoticeState } from "@/components/notice-state";
import { PageHeader } from "@/components/page-header";
import { CursorPager } from "@/components/pager";
import { RbacGuard } from "@/components/rbac-guard";
import { SavedViewsMenu } from "@/components/saved-views/saved-views-menu";
import { Segmented } from "@/components/segmented";
import { TableSkeleton } from "@/components/data-table";
import { pageTexts } from "@/i18n/page-texts";
import type { User } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import type { Can } from "@/lib/permissions";
import { oneOf, type SetAddress } from "@/lib/use-address";
import { useStoredSet } from "@/lib/use-stored-set";
import { BulkBar } from "./bulk/bulk-bar";
import { MOST_SELECTED, type BulkChange } from "./bulk/changes";
import { COLUMNS } from "./columns";
import {
  PAGE_SIZE,
  ROLE_FILTERS,
  SORTS,
  STATES,
  USERS_KEY,
  signInsQuery,
  usersQuery,
  type Listing,
} from "./queries";
import type { UserAction } from "./user-actions";
import { UsersTable } from "./users-table";

// Forms are a large part of the code, and the list does not need them.
const ActionDialog = lazyPart(() => import("./action-dialog"));
const BulkDialog = lazyPart(() => import("./bulk/bulk-dialog"));
const InviteDialog = lazyPart(() => import("./invite-dialog"));

type UsersProps = {
  api: ApiClient;
  ownId: string;
  can: Can;
  /** The parameters of the address: `q`, `role`, `state`, `sort`; `invite=1` opens the dialog to invite a person. */
  address: (name: string) => string | null;
  setAddress: SetAddress;
};

type Open =
  | { kind: "invite" }
  | { kind: "bulk"; action: BulkChange["action"] }
  | { kind: "action"; user: User; action: UserAction };

export function Users({ api, ownId, can, address, setAddress }: UsersProps) {
  const t = useTranslations("users");
  const roles = useTranslations("common.roles");
  const [open, setOpen] = useState<Open | null>(null);
  // The cursors of the pages before, and of this one. Another search starts again on the first page.
  const [cursors, setCursors] = useState<readonly string[]>([]);
  // Kept while searching and turning pages, so that accounts of several searches can be changed together.
  const [chosen, setChosen] = useState<ReadonlyMap<string, User>>(new Map());
  const table = useRef<HTMLElement>(null);
  const hidden = useStoredSet("pulse_user_columns");
  const client = useQueryClient();
  const listing: Listing = {
    search: address("q") ?? "",
    role: oneOf(address("role"), ROLE_FILTERS, "all"),
    state: oneOf(address("state"), STATES, "all"),
    sort: oneOf(address("sort"), SORTS, "name"),
  };
  const query = useQuery(usersQuery(api, listing, cursors.at(-1)));
  const ids = query.data?.items.map(({ id }) => id) ?? [];
  const signIns = useQuery({
    ...signInsQuery(api, ids),
    enabled: ids.length > 0 && can("sessions.manage"),
  });
  const change: SetAddress = (changes) => {
    setCursors([]);
    setAddress(changes);
  };
  const reload = () => client.invalidateQueries({ queryKey: USERS_KEY });
  const isFiltered = listing.search !== "" || listing.role !== "all" || listing.state !== "all";
  const isInviting = open?.kind === "invite" || (address("invite") === "1" && can("accounts.manage"));
  const page = query.data;

  return (
    <div className="space-y-4">
      <PageHeader
        title={t("users")}
        subtitle={page ? countText(page.total, isFiltered) : t("peopleWithAnAccount")}
        actions={
          <RbacGuard can={can} needs="accounts.manage">
            <Button tone="primary" onClick={() => setOpen({ kind: "invite" })} data-testid="invite">
              <UserPlus className="size-4" aria-hidden />
              {t("inviteUser")}
            </Button>
          </RbacGuard>
        }
      />
      <section
        ref={table}
        tabIndex={-1}
        aria-label={t("users")}
        className="outline-none rounded-[10px] border bg-surface"
      >
        <div className="flex flex-wrap items-center gap-2 p-3">
          <SearchField
            label={t("searchByNameOrEmail")}
            value={listing.search}
            onSearch={(q) => change({ q })}
            testId="user-search"
          />
          <Segmented
            label={t("role")}
            options={ROLE_FILTERS.map((value) => ({
              value,
              label: value === "all" ? t("allRoles") : roles(value),
            }))}
            value={listing.role}
            onChange={(role) => change({ role: role === "all" ? null : role })}
          />
          <Segmented
            label={t("status")}
            options={STATES.map((value) => ({ value, label: value === "all" ? t("anyStatus") : t(value) }))}
            value={listing.state}
            onChange={(state) => change({ state: state === "all" ? null : state })}
          />
          {chosen.size > 0 ? (
            <BulkBar
              count={chosen.size}
              onChoose={(action) => setOpen({ kind: "bulk", action })}
              onClear={() => {
                setChosen(new Map());
                // The button disappears with the bar.
                table.current?.focus();
              }}
            />
          ) : (
            <div className="ml-auto flex flex-wrap gap-2">
              <SavedViewsMenu
                api={api}
                page="users"
                shown={{ ...listing, hidden: COLUMNS.filter((column) => hidden.names.has(column)) }}
                onOpen={(view) => {
                  hidden.replace(view.hidden);
                  change({
                    q: view.search,
                    role: view.role === "all" ? null : view.role,
                    state: view.state === "all" ? null : view.state,
                    sort: view.sort,
                  });
                }}
              />
              <ColumnsMenu
                columns={COLUMNS.map((id) => ({ id, label: t(`columnNames.${id}`) }))}
                isHidden={(column) => hidden.names.has(column)}
                onToggle={hidden.toggle}
              />
            </div>
          )}
        </div>
        {!page && query.error ? (
          <LoadError error={query.error} what={t("theListOfUsers")} onRetry={() => void query.refetch()} />
        ) : !page ? (
          <TableSkeleton rows={8} />
        ) : page.items.length === 0 ? (
          <NoMatch
            onReset={() => change({ q: null, role: null, state: null })}
            isFirstPage={cursors.length === 0}
          />
        ) : (
          <>
            {query.isError && (
              <p role="status" className="border-t px-4 py-2 text-xs text-warn">
                {t("thisListMayBeOutdated", { explain: explain(query.error) })}
              </p>
            )}
            <UsersTable
              users={page.items}
              ownId={ownId}
              can={can}
              sort={{
                column: listing.sort.replace("-", ""),
                isDescending: listing.sort.startsWith("-"),
              }}
              onSort={({ column, isDescending }) => change({ sort: `${isDescending ? "-" : ""}${column}` })}
              signIns={signIns.data}
              isHidden={(column) => hidden.names.has(column)}
              selection={can("accounts.manage") ? { chosen, most: MOST_SELECTED, onChange: setChosen } : null}
              onAction={(user, action) => setOpen({ kind: "action", user, action })}
            />
          </>
        )}
        {page && page.total > 0 && (
          <CursorPager
            first={cursors.length * PAGE_SIZE + 1}
            shown={page.items.length}
            total={page.total}
            onPrevious={cursors.length > 0 ? () => setCursors(cursors.slice(0, -1)) : null}
            onNext={page.next === null ? null : () => setCursors([...cursors, page.next!])}
          />
        )}
      </section>
      {isInviting && (
        <InviteDialog
          api={api}
          onCreated={() => void reload()}
          onClose={() => {
            setOpen(null);
            if (address("invite")) setAddress({ invite: null });
          }}
        />
      )}
      {open?.kind === "bulk" && (
        <BulkDialog
          api={api}
          action={open.action}
          users={chosen}
          onChanged={reload}
          onDone={() => setChosen(new Map())}
          onClose={() => setOpen(null)}
        />
      )}
      {open?.kind === "action" && (
        <ActionDialog
          api={api}
          user={open.user}
          action={open.action}
          isOwn={open.user.id === ownId}
          onChanged={reload}
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  );
}

function countText(total: number, isFiltered: boolean): string {
  const t = pageTexts("users");
  return isFiltered ? t("accountsFound", { total }) : t("accounts", { total });
}

function NoMatch({ onReset, isFirstPage }: { onReset: () => void; isFirstPage: boolean }) {
  const t = useTranslations("users");
  return (
    <NoticeState
      icon={UserSearch}
      title={isFirstPage ? t("nobodyMatches") : t("thisPageIsEmptyNow")}
      role="status"
      action={
        <Button onClick={onReset} data-testid="reset-filter">
          {t("showAllUsers")}
        </Button>
      }
    >
      {t("changeTheSearchOrThe")}
    </NoticeState>
  );
}

export function UsersSkeleton() {
  const t = useTranslations("users");
  return (
    <div className="space-y-4">
      <PageHeader title={t("users")} subtitle={t("peopleWithAnAccount")} />
      <div className="rounded-[10px] border bg-surface">
        <TableSkeleton rows={8} />
      </div>
    </div>
  );
}
