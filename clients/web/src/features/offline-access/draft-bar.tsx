"use client";
// What the draft would change, and the buttons that apply or discard it.
import { useTranslations } from "next-intl";
import { pageTexts } from "@/i18n/page-texts";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { FormProblem } from "@/components/form/form-problem";
import { CHECKBOX } from "@/components/form/input";
import type { Rule, RulePreview } from "@/contracts/http";
import type { ApiClient, Tagged } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { isOutdated } from "@/lib/forms/use-versioned-form";
import { OFFLINE_KEY } from "./queries";
import { applied, type RuleDraft } from "./rules";

type Stored = Tagged<{ readonly rules: readonly Rule[] }>;

type DraftBarProps = {
  api: ApiClient;
  stored: Stored;
  draft: RuleDraft;
  reload: () => Promise<Stored>;
  onDiscard: () => void;
  onApplied: () => void;
};

export function DraftBar({ api, stored, draft, reload, onDiscard, onApplied }: DraftBarProps) {
  const t = useTranslations("offline-access");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [acceptsLock, setAcceptsLock] = useState(false);
  const rules = applied(stored.body.rules, draft);
  const preview = useQuery({
    queryKey: [...OFFLINE_KEY, "preview", rules],
    queryFn: ({ signal }) => api.post("/api/sync/entitlement/preview", { body: { rules }, signal }),
    placeholderData: keepPreviousData,
  });
  const locked = preview.data?.locked_sites ?? [];
  const isLockedIn = locked.length > 0 && !acceptsLock;

  const apply = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const body = { rules, force: locked.length > 0 && acceptsLock };
      await api.put("/api/sync/entitlement", { body, ifMatch: stored.etag });
      onApplied();
    } catch (error) {
      if (!isOutdated(error)) return setProblem(explain(error));
      await reload().catch(() => undefined);
      setProblem(t("somebodyElseSavedTheRules"));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="space-y-3 border-t bg-accent-soft px-4 py-3 text-ui" data-testid="rule-draft">
      <FormProblem testId="draft-error">{problem}</FormProblem>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <span className="flex items-center gap-2 font-medium text-accent">
          <Pencil className="size-4" aria-hidden />
          {t("draft")}
        </span>
        <span className="min-w-0 flex-1 basis-64" data-testid="rule-preview" aria-live="polite">
          {preview.data ? (
            previewText(preview.data)
          ) : preview.error ? (
            <span className="text-crit">{explain(preview.error)}</span>
          ) : (
            t("computingWhatItWouldChange")
          )}
        </span>
        <span className="flex gap-2">
          <Button onClick={onDiscard} disabled={isBusy}>
            {t("discard")}
          </Button>
          <Button
            tone="primary"
            onClick={() => void apply()}
            disabled={isBusy || !preview.data || preview.isPlaceholderData || isLockedIn}
            data-testid="apply-rules"
          >
            {isBusy ? t("applying") : t("apply")}
          </Button>
        </span>
      </div>
      {locked.length > 0 && (
        <label className="flex gap-2 text-crit">
          <input
            type="checkbox"
            className={`${CHECKBOX} mt-0.5`}
            checked={acceptsLock}
            onChange={(event) => setAcceptsLock(event.target.checked)}
          />
          {t("noAdministrator", { sites: locked.map((site) => site || t("withoutSite")).join(", ") })}
        </label>
      )}
    </div>
  );
}

/** "would give 3 accounts to 3 collectors, and take 1 account from 2 collectors". */
function previewText({ gained, lost }: RulePreview): string {
  const t = pageTexts("offline-access");
  const given = t("given", { accounts: gained.accounts, collectors: gained.collectors });
  const taken = t("taken", { accounts: lost.accounts, collectors: lost.collectors });
  if (gained.accounts > 0 && lost.accounts > 0) return t("giveAndTake", { given, taken });
  if (gained.accounts > 0) return t("give", { given });
  return lost.accounts > 0 ? t("take", { taken }) : t("changesNobody");
}
