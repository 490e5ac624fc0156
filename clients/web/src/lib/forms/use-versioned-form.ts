"use client";
// A form for something that several people may edit. It sends the version that it started from. When somebody else has
// saved since, it shows what they changed and keeps what was typed.
import { useEffect, useState, type BaseSyntheticEvent } from "react";
import { useForm, type DefaultValues, type FieldValues, type UseFormReturn } from "react-hook-form";
import { ApiError } from "../api/api-client";
import { explain } from "../api/explain";
import { useCloseGuard } from "../use-close-guard";
import { drafts } from "./drafts";
import { resolverOf, type FormSchema } from "./form-schema";
import { merge, type Merge } from "../readings/merge";

/** What a service stores, with its ETag. */
export type Version<T> = { readonly values: T; readonly etag: string };

/** What somebody else saved while this form was open. */
export type Change<T> = Pick<Merge<T>, "conflicts" | "adopted"> & { readonly theirs: T };

type Options<T> = {
  /** The name of the form, for its unsaved values. */
  draft: string;
  schema: FormSchema<T>;
  loaded: Version<T>;
  reload: () => Promise<Version<T>>;
  /** Throws ApiError. */
  save: (values: T, etag: string) => Promise<unknown>;
  onSaved: () => void;
};

export type VersionedForm<T extends FieldValues> = {
  readonly form: UseFormReturn<T>;
  readonly submit: (event?: BaseSyntheticEvent) => Promise<void>;
  readonly change: Change<T> | null;
  /** The form started with values that were typed before and not saved. */
  readonly wasRestored: boolean;
  /** Forgets what was typed. */
  readonly discard: () => void;
};

type Kept<T> = { readonly values: T; readonly base: T };

export function useVersionedForm<T extends FieldValues>({
  draft,
  schema,
  loaded,
  reload,
  save,
  onSaved,
}: Options<T>): VersionedForm<T> {
  const [start] = useState(() => startOf(drafts.get<Kept<T>>(draft), loaded));
  const [base, setBase] = useState(loaded);
  const [change, setChange] = useState(start.change);
  const [wasRestored, setRestored] = useState(start.values !== loaded.values);
  const form = useForm<T>({
    resolver: resolverOf(schema),
    defaultValues: loaded.values as DefaultValues<T>,
  });
  const { isDirty } = form.formState;

  useEffect(() => {
    if (start.values !== loaded.values) form.reset(start.values, { keepDefaultValues: true });
    // Only once: later versions arrive through `submit`.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(
    () =>
      form.subscribe({
        formState: { values: true },
        callback: ({ values }) => {
          if (JSON.stringify(values) === JSON.stringify(base.values)) drafts.delete(draft);
          else drafts.set(draft, { values: structuredClone(values), base: base.values });
        },
      }),
    [form, draft, base],
  );

  useCloseGuard(isDirty);

  const takeNewest = async (mine: T) => {
    const newest = await reload();
    const { values, conflicts, adopted } = merge<T>(base.values, mine, newest.values);
    setBase(newest);
    setChange({ conflicts, adopted, theirs: newest.values });
    form.reset(newest.values);
    form.reset(values, { keepDefaultValues: true });
  };

  const submit = form.handleSubmit(async (values) => {
    try {
      await save(values, base.etag);
      drafts.delete(draft);
      onSaved();
    } catch (error) {
      if (!isOutdated(error)) return form.setError("root", { message: explain(error) });
      await takeNewest(values).catch((failure: unknown) =>
        form.setError("root", { message: explain(failure) }),
      );
    }
  });

  const discard = () => {
    drafts.delete(draft);
    form.reset(base.values);
    setRestored(false);
    setChange(null);
  };
  return { form, submit, change, wasRestored, discard };
}

/** The values to start with: unsaved ones from before, on top of what is stored now. */
function startOf<T extends FieldValues>(
  kept: Kept<T> | undefined,
  { values: theirs }: Version<T>,
): { values: T; change: Change<T> | null } {
  if (!kept) return { values: theirs, change: null };
  const { values, conflicts, adopted } = merge<T>(kept.base, kept.values, theirs);
  const isChanged = conflicts.length + adopted.length > 0;
  return { values, change: isChanged ? { conflicts, adopted, theirs } : null };
}

/** True when a service rejected a change because somebody else had saved in between. */
export function isOutdated(error: unknown): boolean {
  return error instanceof ApiError && error.code === "precondition_failed";
}
