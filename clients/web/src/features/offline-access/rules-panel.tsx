"use client";
// The rules: who may sign in at which collectors. Changes are a draft with a preview until they are applied.
import { isRole } from "@/lib/permissions";
import { useTranslations } from "next-intl";
import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { Ban, Check, Plus, Undo2, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { Panel } from "@/components/panel";
import { PanelContent } from "@/components/panel-content";
import type { Mirror, Rule } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { drafts } from "@/lib/forms/drafts";
import type { Can } from "@/lib/permissions";
import { DraftBar } from "./draft-bar";
import { accountQuery, rulesQuery } from "./queries";
import { RuleForm } from "./rule-form";
import {
  isEmpty,
  keyOf,
  NO_DRAFT,
  placeText,
  split,
  withAdded,
  withRemoved,
  type RuleBody,
  type RuleDraft,
} from "./rules";

type RulesPanelProps = { api: ApiClient; can: Can; mirrors: readonly Mirror[]; onApplied: () => void };

const DRAFT = "entitlement";

export function RulesPanel({ api, can, mirrors, onApplied }: RulesPanelProps) {
  const t = useTranslations("offline-access");
  const query = useQuery(rulesQuery(api));
  const [isAdding, setAdding] = useState(false);
  const [draft, setDraft] = useState<RuleDraft>(() => drafts.get<RuleDraft>(DRAFT) ?? NO_DRAFT);
  const canManage = can("mirror.manage");
  const change = (next: RuleDraft) => {
    if (isEmpty(next)) drafts.delete(DRAFT);
    else drafts.set(DRAFT, next);
    setDraft(next);
  };
  return (
    <Panel
      title={t("rules")}
      meta={t("denyWinsOverAllowNobody")}
      testId="panel-rules"
      actions={
        canManage && (
          <Button onClick={() => setAdding(true)} data-testid="add-rule">
            <Plus className="size-4" aria-hidden />
            {t("addRule")}
          </Button>
        )
      }
    >
      <PanelContent query={query} skeletonHeight="8rem">
        {({ body: { rules } }) => (
          <>
            {rules.length + draft.added.length === 0 ? (
              <p className="border-t px-4 py-3 text-ui text-fg-2">{t("noRulesYetSoNobody")}</p>
            ) : (
              <ul className="divide-y border-t" aria-label={t("rules")}>
                {rules.map((rule) => {
                  const isRemoved = draft.removed.some((one) => keyOf(one) === keyOf(rule));
                  return (
                    <RuleRow
                      key={keyOf(rule)}
                      api={api}
                      rule={rule}
                      origin={rule.origin}
                      mark={isRemoved ? "removed" : null}
                      onToggle={
                        canManage
                          ? () => change(isRemoved ? withAdded(draft, rule) : withRemoved(draft, rule))
                          : null
                      }
                    />
                  );
                })}
                {draft.added.map((rule) => (
                  <RuleRow
                    key={`new ${keyOf(rule)}`}
                    api={api}
                    rule={rule}
                    origin="administrator"
                    mark="added"
                    onToggle={() => change(withRemoved(draft, rule))}
                  />
                ))}
              </ul>
            )}
            {!isEmpty(draft) && query.data && (
              <DraftBar
                api={api}
                stored={query.data}
                draft={draft}
                reload={async () => (await query.refetch({ throwOnError: true })).data!}
                onDiscard={() => change(NO_DRAFT)}
                onApplied={() => {
                  change(NO_DRAFT);
                  onApplied();
                }}
              />
            )}
          </>
        )}
      </PanelContent>
      {isAdding && (
        <RuleForm
          api={api}
          mirrors={mirrors}
          onAdd={(rule) => change(withAdded(draft, rule))}
          onClose={() => setAdding(false)}
        />
      )}
    </Panel>
  );
}

type RuleRowProps = {
  api: ApiClient;
  rule: RuleBody;
  origin: Rule["origin"];
  mark: "added" | "removed" | null;
  onToggle: (() => void) | null;
};

function RuleRow({ api, rule, origin, mark, onToggle }: RuleRowProps) {
  const t = useTranslations("offline-access");
  const isAllow = rule.effect === "allow";
  const Icon = isAllow ? Check : Ban;
  return (
    <li
      data-testid="rule"
      data-mark={mark}
      className={clsx(
        "grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-0.5 px-4 py-2 text-ui sm:grid-cols-[6rem_minmax(0,1fr)_minmax(0,1fr)_auto]",
        mark === "added" && "bg-accent-soft",
        mark === "removed" && "bg-crit-soft",
      )}
    >
      <span className={clsx("flex items-center gap-1.5 font-medium", isAllow ? "text-ok" : "text-crit")}>
        <Icon className="size-4" aria-hidden />
        {isAllow ? t("allow") : t("deny")}
      </span>
      <span className={clsx("min-w-0 wrap-anywhere", mark === "removed" && "line-through")}>
        <Subject api={api} subject={rule.subject} />
      </span>
      <span className={clsx("min-w-0 wrap-anywhere", mark === "removed" && "line-through")}>
        {placeText(rule.place)}
        {origin !== "administrator" && (
          <span className="block text-2xs text-fg-2">{t(`origins.${origin}`)}</span>
        )}
      </span>
      {onToggle ? (
        <Button
          tone="ghost"
          size="icon"
          className="max-sm:col-start-2 max-sm:row-start-1"
          aria-label={mark === "removed" ? t("keepThisRule") : t("removeThisRule")}
          onClick={onToggle}
        >
          {mark === "removed" ? (
            <Undo2 className="size-4" aria-hidden />
          ) : (
            <X className="size-4" aria-hidden />
          )}
        </Button>
      ) : (
        <span />
      )}
    </li>
  );
}

function Subject({ api, subject }: { api: ApiClient; subject: string }) {
  const t = useTranslations("offline-access");
  const roles = useTranslations("common.roles");
  const [kind, name] = split(subject);
  if (kind === "role") return <>{t("roleSubject", { role: isRole(name) ? roles(name) : name })}</>;
  return <AccountName api={api} id={name} />;
}

function AccountName({ api, id }: { api: ApiClient; id: string }) {
  const { data } = useQuery(accountQuery(api, id));
  if (!data) return <span className="font-mono text-xs">{id}</span>;
  return (
    <>
      {data.name} <span className="text-xs text-fg-2">{data.email}</span>
    </>
  );
}
