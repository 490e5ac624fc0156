"use client";
// A filter of a list with one choice, as a menu with the count of each choice.
import clsx from "clsx";
import { ChevronDown } from "lucide-react";
import { numberLocale } from "@/lib/texts/page-locale";
import { Button } from "./button";
import { Menu, MenuContent, MenuRadioGroup, MenuRadioItem, MenuTrigger } from "./menu";

type FilterMenuProps<Value extends string> = {
  /** The name of the filter, as long as nothing is chosen. */
  label: string;
  /** The words for no choice. */
  anyLabel: string;
  /** The value that means no choice. */
  any: Value;
  value: Value;
  choices: readonly { readonly value: Value; readonly label: string; readonly count: number }[];
  onChange: (value: Value) => void;
  testId: string;
};

export function FilterMenu<Value extends string>({
  label,
  anyLabel,
  any,
  value,
  choices,
  onChange,
  testId,
}: FilterMenuProps<Value>) {
  const chosen = value === any ? null : (choices.find((choice) => choice.value === value)?.label ?? value);
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button
          data-testid={testId}
          aria-label={chosen === null ? undefined : `${label}: ${chosen}`}
          className={clsx("max-w-48", chosen !== null && "border-accent text-accent")}
        >
          <span className="truncate" dir="auto">
            {chosen ?? label}
          </span>
          <ChevronDown className="size-4 shrink-0" aria-hidden />
        </Button>
      </MenuTrigger>
      <MenuContent align="start" className="max-h-[60dvh] max-w-80 overflow-y-auto">
        <MenuRadioGroup value={value} aria-label={label} onValueChange={(next) => onChange(next as Value)}>
          <MenuRadioItem value={any}>{anyLabel}</MenuRadioItem>
          {choices.map((choice) => (
            <MenuRadioItem key={choice.value} value={choice.value} data-testid={`${testId}-choice`}>
              <span className="truncate" dir="auto" title={choice.label}>
                {choice.label}
              </span>
              <span className="ml-auto pl-3 text-fg-2 tabular-nums">
                {choice.count.toLocaleString(numberLocale())}
              </span>
            </MenuRadioItem>
          ))}
        </MenuRadioGroup>
      </MenuContent>
    </Menu>
  );
}
