// The state of one form: idle, busy, or with a problem. A busy form is not sent again.
import { useState, type FormEvent } from "react";
import { explain } from "@/lib/api/explain";

export type Submission = {
  isBusy: boolean;
  problem: string | null;
  setProblem: (problem: string | null) => void;
  /** The form's `onSubmit`. */
  submit: (event: FormEvent<HTMLFormElement>) => void;
};

/**
 * `send` gets the form's data. An error that it throws becomes the problem. `fieldHint`: see `explain`. With `stayBusy` the
 * form stays busy after success.
 */
export function useSubmission(
  send: (form: FormData) => Promise<unknown>,
  { fieldHint, stayBusy = false }: { fieldHint?: string; stayBusy?: boolean } = {},
): Submission {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async (form: FormData) => {
    setBusy(true);
    setProblem(null);
    try {
      await send(form);
      if (!stayBusy) setBusy(false);
    } catch (error) {
      setProblem(explain(error, fieldHint));
      setBusy(false);
    }
  };
  return {
    isBusy,
    problem,
    setProblem,
    submit: (event) => {
      event.preventDefault();
      if (!isBusy) void run(new FormData(event.currentTarget));
    },
  };
}

/** The text of the field `name`, unchanged. */
export function typed(form: FormData, name: string): string {
  return String(form.get(name) ?? "");
}
