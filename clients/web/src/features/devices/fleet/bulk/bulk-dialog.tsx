"use client";
// Shows what a change of the selected devices would do to each of them, and does it, device by device.
import { useTranslations } from "next-intl";
import { useId, useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { TextField } from "@/components/form/input";
import type { ApiClient } from "@/lib/api/api-client";
import type { FleetDevice } from "../../fleet-device";
import { siteProblem, tagProblem } from "../../manage/device-schema";
import { described, needsText, planOf, type FleetAction, type FleetChange, type FleetPlan } from "./changes";

type BulkDialogProps = {
  api: ApiClient;
  action: FleetAction;
  /** The selected devices. */
  devices: readonly FleetDevice[];
  /** The sites and tags of the whole fleet, as suggestions. */
  sites: readonly string[];
  tags: readonly string[];
  /** Called when devices have changed, or may have. */
  onChanged: () => void;
  /** Called when all are done. */
  onDone: () => void;
  onClose: () => void;
};

/** The dialog is open while it is rendered. */
export default function BulkDialog({
  api,
  action,
  devices: chosen,
  sites,
  tags,
  onChanged,
  onDone,
  onClose,
}: BulkDialogProps) {
  const t = useTranslations("devices.bulk");
  const list = useId();
  const [typed, setTyped] = useState("");
  const [isTouched, setTouched] = useState(false);
  const [done, setDone] = useState<ReadonlySet<string>>(new Set());
  const [total, setTotal] = useState(0);
  // The selection is empty as soon as the change is done. The dialog closes a moment later.
  const [first] = useState(chosen);
  const devices = chosen.length > 0 ? chosen : first;
  const change: FleetChange = { action, text: typed.trim() };
  const problem = problemOf(change);
  const plan = planOf(
    change,
    devices.filter(({ id }) => !done.has(id)),
  );
  const confirm = async () => {
    setTotal(done.size + plan.changing.length);
    try {
      for (const { id } of plan.changing) {
        await changeOne(api, change, id);
        setDone((before) => new Set([...before, id]));
      }
      onDone();
    } finally {
      onChanged();
    }
  };
  return (
    <ConfirmDialog
      title={t(`titles.${action}`, { count: devices.length })}
      action={t(`confirm.${action}`, { count: plan.changing.length })}
      busyAction={t("progress", { done: done.size, total })}
      isDisabled={problem !== null || plan.changing.length === 0}
      onConfirm={confirm}
      onClose={onClose}
    >
      <div className="space-y-3">
        <p>{t(`effects.${action}`)}</p>
        {needsText(action) && (
          <>
            <TextField
              label={t(`fields.${action}`)}
              fieldSize="md"
              autoComplete="off"
              maxLength={1_000}
              dir="auto"
              list={list}
              value={typed}
              error={isTouched && problem ? problem : undefined}
              onChange={(event) => {
                setTyped(event.target.value);
                setTouched(true);
                setDone(new Set());
              }}
              data-testid="bulk-text"
            />
            <datalist id={list}>
              {(action === "move" ? sites : tags).map((value) => (
                <option key={value} value={value} />
              ))}
            </datalist>
          </>
        )}
        {done.size > 0 && <p role="status">{t("progress", { done: done.size, total })}</p>}
        {problem === null && <PlanView plan={plan} />}
      </div>
    </ConfirmDialog>
  );
}

function problemOf({ action, text }: FleetChange): string | null {
  if (!needsText(action)) return null;
  return action === "move" ? siteProblem(text) : tagProblem(text);
}

/** Throws ApiError. A description is read first and saved as that version: nobody else's change is overwritten. */
async function changeOne(api: ApiClient, change: FleetChange, id: string): Promise<void> {
  const path = { id };
  if (!needsText(change.action)) {
    await (change.action === "disable"
      ? api.post("/api/collectors/{id}/disable", { path })
      : api.post("/api/collectors/{id}/enable", { path }));
    return;
  }
  const { body, etag } = await api.getTagged("/api/collectors/{id}", { path });
  await api.put("/api/collectors/{id}", {
    path,
    body: { name: body.name, ...described(change, body) },
    ifMatch: etag,
  });
}

function PlanView({ plan }: { plan: FleetPlan }) {
  const t = useTranslations("devices.bulk");
  return (
    <div className="space-y-2" data-testid="bulk-plan">
      <p className="font-medium text-fg">{t("willChange", { count: plan.changing.length })}</p>
      {plan.changing.length > 0 && (
        <ul className="max-h-40 overflow-y-auto" tabIndex={0} aria-label={t("changes")}>
          {plan.changing.map(({ id, name }) => (
            <li key={id} dir="auto" className="wrap-anywhere">
              {name}
            </li>
          ))}
        </ul>
      )}
      {plan.unchanged.length > 0 && <p>{t("unchanged", { count: plan.unchanged.length })}</p>}
      {plan.leftOut.length > 0 && (
        <div className="rounded-[7px] bg-warn-soft px-3 py-2 text-warn">
          <p>{t("leftOut", { count: plan.leftOut.length })}</p>
          <ul className="max-h-32 overflow-y-auto" tabIndex={0} aria-label={t("leftOutLabel")}>
            {plan.leftOut.map(({ device, why }) => (
              <li key={device.id} className="wrap-anywhere">
                {t("reason", { name: device.name, reason: t(`reasons.${why}`) })}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
