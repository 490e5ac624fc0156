"use client";
// Saved questions: saves what the explorer shows, and opens, renames, replaces and deletes what was saved.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { MoreHorizontal } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { Dialog } from "@/components/dialog";
import { LoadError } from "@/components/load-error";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/components/menu";
import { When } from "@/components/when";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import type { Can } from "@/lib/permissions";
import { NameForm } from "./name-form";
import {
  QUESTIONS_KEY,
  questionsQuery,
  removeQuestion,
  replaceQuestion,
  type SavedQuestion,
} from "./queries";

const MOST_QUERY = 4_000;

export type SavedDialogProps = {
  api: ApiClient;
  can: Can;
  accountId: string;
  /** The question on the page, as a query string. */
  query: string;
  /** Whether the question has a series: nothing else is worth saving. */
  hasSeries: boolean;
  onOpenQuery: (query: string) => void;
  onClose: () => void;
};

type Asking = { readonly what: "rename" | "replace" | "delete"; readonly about: SavedQuestion };

/** The dialog is open while it is rendered. */
export default function SavedDialog(props: SavedDialogProps) {
  const { api, can, accountId, query, hasSeries, onOpenQuery, onClose } = props;
  const t = useTranslations("explore.saved");
  const client = useQueryClient();
  const saved = useQuery(questionsQuery(api));
  const [keyOf] = useState(idempotencyKeys);
  const [asking, setAsking] = useState<Asking | null>(null);
  const reload = () => client.invalidateQueries({ queryKey: QUESTIONS_KEY });
  const isTooLong = query.length > MOST_QUERY;
  // After a refused change, the list shows what somebody else saved.
  const changing = async (change: Promise<unknown>) => {
    try {
      await change;
    } catch (error) {
      if (error instanceof ApiError && [404, 412].includes(error.status)) await reload();
      throw error;
    }
    await reload();
  };
  const mayChange = (one: SavedQuestion) =>
    one.shared ? can("dashboards.share") : one.owner === accountId && can("dashboards.own");
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t("title")} description={t("hint")}>
      <div className="space-y-5">
        {can("dashboards.own") && hasSeries && !isTooLong && (
          <NameForm
            draft="question:new"
            label={t("name")}
            action={t("save")}
            testId="question"
            empty=""
            onSave={async (name) => {
              const body = { name, query, shared: false };
              await api.post("/api/telemetry/questions", { body, idempotencyKey: keyOf(body) });
              await reload();
            }}
          />
        )}
        {isTooLong && <p className="text-ui text-warn">{t("tooLong")}</p>}
        {saved.error && !saved.data && (
          <LoadError error={saved.error} what={t("list")} onRetry={() => void saved.refetch()} />
        )}
        {!saved.data && !saved.error && (
          <div role="status" aria-label={t("loading")} className="skeleton h-16" />
        )}
        {saved.data?.length === 0 && <p className="text-ui text-fg-2">{t("none")}</p>}
        <ul className="divide-y" aria-label={t("list")} data-testid="questions">
          {saved.data?.map((one) => (
            <li key={one.id} className="flex flex-wrap items-center gap-x-2 gap-y-1 py-2 text-ui">
              {asking?.what === "rename" && asking.about.id === one.id ? (
                <div className="min-w-0 flex-1">
                  <NameForm
                    draft={`question:${one.id}`}
                    label={t("newName")}
                    action={t("rename")}
                    testId="rename-question"
                    empty={one.name}
                    onSave={async (name) => {
                      await changing(replaceQuestion(api, one, { name }));
                      setAsking(null);
                    }}
                    onCancel={() => setAsking(null)}
                  />
                </div>
              ) : (
                <>
                  <div className="min-w-0 flex-1 basis-40">
                    <button
                      type="button"
                      className="text-left font-medium wrap-anywhere text-accent hover:underline"
                      dir="auto"
                      onClick={() => {
                        onOpenQuery(one.query);
                        onClose();
                      }}
                      data-testid="open-question"
                    >
                      {one.name}
                    </button>
                    <p className="text-xs text-fg-2">
                      {t("savedBy", { name: one.updated_by_name })} <When at={one.updated_at} />
                    </p>
                  </div>
                  {one.shared && (
                    <Badge tone="neutral" hasDot={false}>
                      {t("shared")}
                    </Badge>
                  )}
                  {mayChange(one) && (
                    <QuestionMenu
                      one={one}
                      canReplace={hasSeries && !isTooLong}
                      onAsk={(what) => setAsking({ what, about: one })}
                    />
                  )}
                </>
              )}
            </li>
          ))}
        </ul>
      </div>
      {asking && asking.what !== "rename" && (
        <ConfirmDialog
          title={t(`${asking.what}Title`, { name: asking.about.name })}
          action={t(asking.what)}
          busyAction={t("working")}
          onConfirm={() =>
            changing(
              asking.what === "delete"
                ? removeQuestion(api, asking.about)
                : replaceQuestion(api, asking.about, { query }),
            )
          }
          onClose={() => setAsking(null)}
        >
          {t(`${asking.what}Hint`)}
        </ConfirmDialog>
      )}
    </Dialog>
  );
}

type QuestionMenuProps = {
  one: SavedQuestion;
  canReplace: boolean;
  onAsk: (what: Asking["what"]) => void;
};

function QuestionMenu({ one, canReplace, onAsk }: QuestionMenuProps) {
  const t = useTranslations("explore.saved");
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button
          tone="ghost"
          size="icon"
          aria-label={t("more", { name: one.name })}
          data-testid="question-menu"
        >
          <MoreHorizontal className="size-4" aria-hidden />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        <MenuItem onSelect={() => onAsk("rename")} data-testid="ask-rename">
          {t("rename")}
        </MenuItem>
        {canReplace && (
          <MenuItem onSelect={() => onAsk("replace")} data-testid="ask-replace">
            {t("replace")}
          </MenuItem>
        )}
        <MenuItem className="text-crit" onSelect={() => onAsk("delete")} data-testid="ask-delete">
          {t("delete")}
        </MenuItem>
      </MenuContent>
    </Menu>
  );
}
