// Messages above the fields of a form.
import clsx from "clsx";
import { CircleCheck, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

type FormProblemProps = { id?: string; testId?: string; className?: string; children: ReactNode };

/** A problem. Screen readers announce it. Renders nothing without children. */
export function FormProblem({ id, testId, className, children }: FormProblemProps) {
  if (!children) return null;
  return (
    <p
      id={id}
      role="alert"
      data-testid={testId}
      className={clsx("flex gap-2 rounded-[7px] bg-crit-soft px-3 py-2.5 text-ui text-crit", className)}
    >
      <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
      <span className="min-w-0">{children}</span>
    </p>
  );
}

/** A success message. */
export function FormNotice({ testId, children }: { testId?: string; children: ReactNode }) {
  if (!children) return null;
  return (
    <p
      role="status"
      data-testid={testId}
      className="flex gap-2 rounded-[7px] bg-ok-soft px-3 py-2.5 text-ui text-ok"
    >
      <CircleCheck className="mt-0.5 size-4 shrink-0" aria-hidden />
      <span className="min-w-0">{children}</span>
    </p>
  );
}
