// One form that is sent: busy, refused, or done. Never twice at once.
import { useState, type FormEvent } from "react";

export type Submission = {
  isBusy: boolean;
  problem: string | null;
  setProblem: (problem: string | null) => void;
  /** For a form's `onSubmit`. */
  submit: (event: FormEvent<HTMLFormElement>) => void;
};

/** `send` gets what was typed; what it throws is said by `explain`. Busy goes on after success if `stayBusy`. */
export function useSubmission(
  send: (form: FormData) => Promise<unknown>,
  explain: (error: unknown) => string,
  { stayBusy = false } = {},
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
      setProblem(explain(error));
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

/** A field's text as it was typed. */
export function typed(form: FormData, name: string): string {
  return String(form.get(name) ?? "");
}
