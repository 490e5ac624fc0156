"use client";
// Adds the charts of the explorer to a dashboard: to one that exists, or to a new one.
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useState, type FormEvent } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { FormNotice, FormProblem } from "@/components/form/form-problem";
import { SelectField, TextField } from "@/components/form/input";
import { SubmitButton } from "@/components/form/submit-button";
import { LoadError } from "@/components/load-error";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { explain } from "@/lib/api/explain";
import type { Can } from "@/lib/permissions";
import type { UnitLimit } from "../question";
import type { ChosenSeries } from "../use-chosen";
import { chartsOf, hasRoom } from "./charts-of";
import { boardsQuery, type BoardSummary } from "./queries";

export type BoardDialogProps = {
  api: ApiClient;
  can: Can;
  accountId: string;
  chosen: readonly ChosenSeries[];
  limits: readonly UnitLimit[];
  onClose: () => void;
};

type Added = { readonly id: string; readonly name: string };

/** How often a dashboard that somebody else just saved is read again. */
const ATTEMPTS = 3;

/** The dialog is open while it is rendered. */
export default function BoardDialog({ api, can, accountId, chosen, limits, onClose }: BoardDialogProps) {
  const t = useTranslations("explore.toBoard");
  const values = useTranslations("common.values");
  const boards = useQuery(boardsQuery(api));
  const [target, setTarget] = useState("new");
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [nameProblem, setNameProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const [keyOf] = useState(idempotencyKeys);
  // Marks the panels of this dialog: when an answer was lost, they may be on the dashboard already.
  const [mark] = useState(() => `explore-${Date.now().toString(36)}`);
  const [added, setAdded] = useState<Added | null>(null);
  const editable = (boards.data ?? []).filter((board) => mayEdit(board, accountId, can));
  const labels = { on: values("on"), off: values("off") };

  const create = async (): Promise<Added> => {
    const panels = chartsOf(chosen, limits, [], labels);
    const body = { name: name.trim(), shared: false, panels };
    return api.post("/api/telemetry/dashboards", { body, idempotencyKey: keyOf(body) });
  };
  const append = async (id: string, attempt = 1): Promise<Added> => {
    const { body, etag } = await api.getTagged("/api/telemetry/dashboards/{id}", { path: { id } });
    if (body.panels.some((panel) => panel.id.startsWith(mark))) return body;
    const more = chartsOf(chosen, limits, body.panels, labels, mark);
    if (!hasRoom(body.panels, more)) throw new Full();
    try {
      return await api.put("/api/telemetry/dashboards/{id}", {
        path: { id },
        body: { name: body.name, shared: body.shared, panels: [...body.panels, ...more] },
        ifMatch: etag,
      });
    } catch (error) {
      // Panels that are added below do not conflict with another change.
      if (!(error instanceof ApiError) || error.status !== 412 || attempt >= ATTEMPTS) throw error;
      return append(id, attempt + 1);
    }
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    setProblem(null);
    const isNameMissing = target === "new" && name.trim() === "";
    setNameProblem(isNameMissing ? t("nameMissing") : undefined);
    if (isNameMissing) return;
    setBusy(true);
    try {
      setAdded(await (target === "new" ? create() : append(target)));
    } catch (error) {
      setProblem(error instanceof Full ? t("full") : explain(error, t("nameRule")));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t("title")} description={t("hint")}>
      {added ? (
        <div className="space-y-4">
          <FormNotice testId="added">{t("added", { name: added.name })}</FormNotice>
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>{t("close")}</Button>
            <Link
              href={`/dashboard/${added.id}`}
              data-testid="open-added"
              className="inline-flex h-8 items-center rounded-[7px] bg-accent px-3 text-ui font-medium text-on-accent hover:bg-accent-hover"
            >
              {t("open")}
            </Link>
          </div>
        </div>
      ) : boards.error && !boards.data ? (
        <LoadError error={boards.error} what={t("list")} onRetry={() => void boards.refetch()} />
      ) : (
        <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-4">
          <FormProblem testId="to-board-error">{problem}</FormProblem>
          <SelectField
            label={t("target")}
            fieldSize="md"
            value={target}
            onChange={(event) => setTarget(event.target.value)}
            data-testid="to-board-target"
          >
            <option value="new">{t("newBoard")}</option>
            {editable.map((board) => (
              <option key={board.id} value={board.id}>
                {board.shared ? t("sharedBoard", { name: board.name }) : board.name}
              </option>
            ))}
          </SelectField>
          {target === "new" && (
            <TextField
              label={t("name")}
              fieldSize="md"
              dir="auto"
              autoComplete="off"
              maxLength={80}
              value={name}
              error={nameProblem}
              onChange={(event) => setName(event.target.value)}
              data-testid="to-board-name"
            />
          )}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>{t("close")}</Button>
            <SubmitButton isBusy={isBusy} busyText={t("adding")} data-testid="to-board-submit">
              {t("add")}
            </SubmitButton>
          </div>
        </form>
      )}
    </Dialog>
  );
}

class Full extends Error {}

function mayEdit(board: BoardSummary, accountId: string, can: Can): boolean {
  return board.shared ? can("dashboards.share") : board.owner === accountId;
}
