"use client";
// A form for something new. What was typed is kept until it is saved, also when the form is closed.
import { useEffect, useState, type BaseSyntheticEvent } from "react";
import { useForm, type DefaultValues, type FieldValues, type UseFormReturn } from "react-hook-form";
import { explain } from "../api/explain";
import { drafts } from "./drafts";
import { resolverOf, type FormSchema } from "./form-schema";

type Options<T> = {
  /** The name of the form, for its unsaved values. */
  draft: string;
  schema: FormSchema<T>;
  empty: T;
  /** Throws ApiError. */
  save: (values: T) => Promise<unknown>;
};

export type DraftForm<T extends FieldValues> = {
  readonly form: UseFormReturn<T>;
  readonly submit: (event?: BaseSyntheticEvent) => Promise<void>;
  /** The form started with values that were typed before and not saved. */
  readonly wasRestored: boolean;
  /** Forgets what was typed. */
  readonly discard: () => void;
};

export function useDraftForm<T extends FieldValues>({
  draft,
  schema,
  empty,
  save,
}: Options<T>): DraftForm<T> {
  const [kept] = useState(() => drafts.get<T>(draft));
  const [wasRestored, setRestored] = useState(kept !== undefined);
  const form = useForm<T>({
    resolver: resolverOf(schema),
    defaultValues: (kept ?? empty) as DefaultValues<T>,
  });
  useEffect(
    () =>
      form.subscribe({
        formState: { values: true },
        callback: ({ values }) => drafts.set(draft, structuredClone(values)),
      }),
    [form, draft],
  );
  const submit = form.handleSubmit(async (values) => {
    try {
      await save(values);
      drafts.delete(draft);
    } catch (error) {
      form.setError("root", { message: explain(error) });
    }
  });
  const discard = () => {
    form.reset(empty);
    drafts.delete(draft);
    setRestored(false);
  };
  return { form, submit, wasRestored, discard };
}
