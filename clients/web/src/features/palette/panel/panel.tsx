"use client";
// The search: field, found entries by group, and the state of what services answer.
import { QueryClientProvider } from "@tanstack/react-query";
import { Command } from "cmdk";
import { useTranslations } from "next-intl";
import { useRouter } from "next/navigation";
import { useMemo, useState } from "react";
import { explain } from "@/lib/api/explain";
import { InputRow, INPUT_STYLE, MOST_TEXT } from "../input-row";
import type { Entry, PaletteContext } from "../types";
import { cacheOf } from "./cache";
import { EntryRow } from "./entry-row";
import { groupsOf } from "./groups";
import { PartStates } from "./part-states";
import { wordsOf } from "./rank";
import { recentKeys, rememberChoice } from "./recent";
import { useSources } from "./use-sources";

export type PanelProps = {
  context: PaletteContext;
  text: string;
  onText: (text: string) => void;
  onClose: () => void;
};

export function Panel(props: PanelProps) {
  const { accountId, session } = props.context;
  return (
    <QueryClientProvider client={cacheOf(accountId, session)}>
      <Search {...props} />
    </QueryClientProvider>
  );
}

function Search({ context, text, onText, onClose }: PanelProps) {
  const t = useTranslations("palette");
  const router = useRouter();
  const [recent] = useState(() => recentKeys(context.accountId));
  const [problem, setProblem] = useState<string | null>(null);
  const { sources, asked, isSettled } = useSources(context, text, recent);
  const words = useMemo(() => wordsOf(text), [text]);
  const groups = groupsOf(sources, words, recent);
  const count = groups.reduce((sum, { entries }) => sum + entries.length, 0);

  const choose = ({ key, target }: Entry) => {
    rememberChoice(context.accountId, key);
    if ("href" in target) {
      onClose();
      router.push(target.href);
      return;
    }
    setProblem(null);
    const done = target.run();
    if (!(done instanceof Promise)) return onClose();
    done.then(onClose, (error: unknown) => setProblem(explain(error)));
  };

  return (
    <Command
      shouldFilter={false}
      vimBindings={false}
      loop
      label={t("search")}
      className="flex min-h-0 flex-col"
    >
      <InputRow onClose={onClose}>
        <Command.Input
          autoFocus
          aria-label={t("search")}
          placeholder={t("placeholder")}
          value={text}
          maxLength={MOST_TEXT}
          onValueChange={onText}
          // What was typed while the code loaded is not overwritten.
          onFocus={({ currentTarget: field }) =>
            field.setSelectionRange(field.value.length, field.value.length)
          }
          className={INPUT_STYLE}
          data-testid="palette-input"
        />
      </InputRow>
      <Command.List
        label={t("results")}
        className="min-h-0 flex-1 scroll-py-2 overflow-y-auto overscroll-contain p-2"
        data-testid="palette-list"
      >
        {groups.map(({ name, entries, total }) => (
          <Command.Group
            key={name}
            value={name}
            heading={
              total > entries.length
                ? t("groupOf", { group: t(`groups.${name}`), shown: entries.length, total })
                : t(`groups.${name}`)
            }
            className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-fg-3"
            data-testid={`palette-${name}`}
          >
            {entries.map((entry) => (
              <EntryRow key={entry.key} entry={entry} onChoose={choose} />
            ))}
          </Command.Group>
        ))}
      </Command.List>
      {count === 0 && isSettled && (
        <p role="status" className="px-4 pb-4 text-ui text-fg-2" data-testid="palette-nothing">
          {t("nothing", { text: text.trim() })}
        </p>
      )}
      {problem && (
        <p role="alert" className="border-t px-4 py-2 text-xs text-crit">
          {problem}
        </p>
      )}
      <p role="status" className="sr-only">
        {words.length > 0 && count > 0 && t("found", { count })}
      </p>
      <PartStates asked={asked} />
    </Command>
  );
}
