"use client";
// The commands to a collector with their outcomes, newest first.
import { useTranslations } from "next-intl";
import { withDecimals } from "@/lib/texts/format";
import { useInfiniteQuery } from "@tanstack/react-query";
import { ChevronDown, SquareTerminal } from "lucide-react";
import { useState } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/menu";
import { Panel } from "@/components/panel";
import { When } from "@/components/when";
import type { Command } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { CommandDialog } from "./command-dialog";
import { ACTIONS, commandText, isPending, outcomeOf, reasonText } from "./commands";

type CommandsPanelProps = { api: ApiClient; id: string; isOnline: boolean };

const PAGE = 10;
const PENDING_EVERY_MS = 1_000;
const EVERY_MS = 15_000;

export function CommandsPanel({ api, id, isOnline }: CommandsPanelProps) {
  const t = useTranslations("devices");
  const [sending, setSending] = useState<Command["action"] | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["commands", id],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/telemetry/devices/{device}/commands", {
        path: { device: id },
        query: { before: pageParam, limit: PAGE },
        signal,
      }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ items }) => items.some(isPending)) ? PENDING_EVERY_MS : EVERY_MS,
  });
  const commands = query.data?.pages.flatMap(({ items }) => items);
  return (
    <Panel
      title={t("commands")}
      meta={t("signedValidFor60S")}
      testId="panel-commands"
      actions={
        <Menu>
          <MenuTrigger asChild>
            <Button data-testid="send-command">
              <SquareTerminal className="size-4" aria-hidden />
              {t("send")}
              <ChevronDown className="size-3.5" aria-hidden />
            </Button>
          </MenuTrigger>
          <MenuContent align="end">
            {(Object.keys(ACTIONS) as Command["action"][]).map((action) => (
              <MenuItem key={action} onSelect={() => setSending(action)} data-testid={`command-${action}`}>
                {t(`actions.${action}.label`)}
              </MenuItem>
            ))}
          </MenuContent>
        </Menu>
      }
    >
      {!commands && query.error ? (
        <div role="alert" className="flex flex-wrap items-center gap-3 border-t px-4 py-3 text-ui">
          <span className="text-crit">{explain(query.error)}</span>
          <Button onClick={() => void query.refetch()}>{t("tryAgain")}</Button>
        </div>
      ) : !commands ? (
        <div role="status" aria-label={t("loading")} className="border-t p-4">
          <div className="skeleton h-16" />
        </div>
      ) : commands.length === 0 ? (
        <p className="border-t px-4 py-3 text-ui text-fg-2">{t("noCommandsWereSentTo")}</p>
      ) : (
        <ul className="divide-y border-t" aria-label={t("commands")}>
          {commands.map((command) => (
            <CommandRow key={command.id} command={command} />
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <Button
          tone="ghost"
          className="m-1"
          onClick={() => void query.fetchNextPage()}
          disabled={query.isFetchingNextPage}
        >
          {t("showOlderOnes")}
        </Button>
      )}
      {sending && (
        <CommandDialog
          api={api}
          id={id}
          action={sending}
          isOnline={isOnline}
          onSent={() => void query.refetch()}
          onClose={() => setSending(null)}
        />
      )}
    </Panel>
  );
}

function CommandRow({ command }: { command: Command }) {
  const t = useTranslations("devices");
  const { tone, label } = outcomeOf(command);
  const reason = reasonText(command);
  return (
    <li className="px-4 py-2.5 text-ui" data-testid="command" data-state={command.state}>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="font-medium">{commandText(command)}</span>
        <Badge tone={tone}>{label}</Badge>
      </div>
      <p className="text-xs text-fg-2 wrap-anywhere">
        <When at={command.requested_at} />
        {command.answered_at && t("answeredInAnswertext", { answerText: answerText(command) })}
        {reason && ` · ${reason}`}
      </p>
      {command.output && (
        <details className="mt-1 text-xs">
          <summary className="cursor-pointer text-fg-2">{t("output")}</summary>
          <pre
            tabIndex={0}
            aria-label={t("outputOfCommandtext", { commandText: commandText(command) })}
            className="mt-1 max-h-64 overflow-auto rounded-[7px] border bg-surface-2 p-2 font-mono text-2xs whitespace-pre-wrap wrap-anywhere"
          >
            {command.output}
          </pre>
        </details>
      )}
    </li>
  );
}

function answerText({ requested_at, answered_at }: Command): string {
  const ms = Math.max(0, Date.parse(answered_at ?? "") - Date.parse(requested_at));
  return ms < 1_000 ? `${ms} ms` : `${withDecimals(ms / 1_000, 1)} s`;
}
