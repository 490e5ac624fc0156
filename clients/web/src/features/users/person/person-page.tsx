"use client";
// The page about one account: details, second factor, sessions, API keys, and where it can sign in without a network.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronRight, UserX } from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import { useState } from "react";
import { Avatar } from "@/components/avatar";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { LoadError } from "@/components/load-error";
import { NoticeState } from "@/components/notice-state";
import { PageHeader } from "@/components/page-header";
import { Panel } from "@/components/panel";
import { When } from "@/components/when";
import type { User } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { lazyPart } from "@/components/lazy-part";
import { USERS_KEY, userQuery } from "../queries";
import { actionsFor, type UserAction } from "../user-actions";
import { UserMenu } from "../user-menu";
import { TONES } from "../users-table";
import { Fact } from "./fact";
import { FactorPanel } from "./factor-panel";
import { KeysPanel } from "./keys-panel";
import { OfflinePanel } from "./offline-panel";
import { UserSessionsPanel } from "./user-sessions-panel";

const ActionDialog = lazyPart(() => import("../action-dialog"));

type PersonPageProps = { api: ApiClient; ownId: string; can: Can; id: string };

export function PersonPage({ api, ownId, can, id }: PersonPageProps) {
  const t = useTranslations("users");
  const [action, setAction] = useState<UserAction | null>(null);
  const client = useQueryClient();
  const query = useQuery(userQuery(api, id));
  const user = query.data;
  if (query.error instanceof ApiError && [404, 422].includes(query.error.status)) return <UnknownUser />;
  if (!user && query.error) {
    return <LoadError error={query.error} what={t("theAccount")} onRetry={() => void query.refetch()} />;
  }
  if (!user) return <PersonSkeleton />;
  const isOwn = user.id === ownId;
  const reload = () => client.invalidateQueries({ queryKey: USERS_KEY });
  const actions = actionsFor(user, isOwn, can);
  return (
    <div className="space-y-4">
      <Trail name={user.name} />
      <PageHeader
        title={
          <>
            <Avatar name={user.name} />
            <span dir="auto">{user.name}</span>
            <Badge tone={TONES[user.state]}>{t(user.state)}</Badge>
          </>
        }
        subtitle={isOwn ? t("yourOwnAccount") : user.email}
        actions={
          actions.length > 0 && (
            <>
              {can("accounts.manage") && (
                <Button onClick={() => setAction("edit")} data-testid="edit-user">
                  {t("edit")}
                </Button>
              )}
              <UserMenu user={user} actions={actions} onAction={setAction} />
            </>
          )
        }
      />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="min-w-0 space-y-4">
          <Details user={user} />
          {can("sessions.manage") && (
            <FactorPanel api={api} account={id} isOwn={isOwn} onReset={() => setAction("reset-factor")} />
          )}
          {can("mirror.read") && <OfflinePanel api={api} id={id} />}
        </div>
        <div className="min-w-0 space-y-4">
          {can("sessions.manage") && (
            <>
              <UserSessionsPanel api={api} account={id} onEndAll={() => setAction("end-sessions")} />
              <KeysPanel api={api} account={id} />
            </>
          )}
        </div>
      </div>
      {action && (
        <ActionDialog
          api={api}
          user={user}
          action={action}
          isOwn={isOwn}
          onChanged={reload}
          onClose={() => {
            setAction(null);
            void reload();
          }}
        />
      )}
    </div>
  );
}

function Trail({ name }: { name: string }) {
  const t = useTranslations("users");
  return (
    <nav aria-label={t("breadcrumb")} className="flex items-center gap-1 text-xs text-fg-2">
      <Link href="/users" className="hover:underline">
        {t("users")}
      </Link>
      <ChevronRight className="size-3" aria-hidden />
      <span dir="auto" className="truncate" aria-current="page">
        {name}
      </span>
    </nav>
  );
}

function Details({ user }: { user: User }) {
  const t = useTranslations("users");
  const roles = useTranslations("common.roles");
  return (
    <Panel title={t("details")} testId="panel-details">
      <dl className="divide-y border-t text-ui">
        <Fact label={t("email")}>{user.email}</Fact>
        <Fact label={t("role")}>{roles(user.role)}</Fact>
        <Fact label={t("created")}>
          <When at={user.created_at} />
        </Fact>
        <Fact label={t("changed")}>
          <When at={user.updated_at} />
        </Fact>
      </dl>
    </Panel>
  );
}

function UnknownUser() {
  const t = useTranslations("users");
  return (
    <NoticeState
      icon={UserX}
      title={t("noSuchAccount")}
      role="status"
      action={
        <Link href="/users" className="text-ui text-accent hover:underline" data-testid="back-to-users">
          {t("showAllUsers")}
        </Link>
      }
    >
      {t("itWasDeletedOr")}
    </NoticeState>
  );
}

export function PersonSkeleton() {
  return (
    <div className="space-y-4" aria-hidden>
      <div className="skeleton h-7 w-64" />
      <div className="grid gap-4 lg:grid-cols-2">
        <div className="skeleton h-56" />
        <div className="skeleton h-56" />
      </div>
    </div>
  );
}
