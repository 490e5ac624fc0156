"use client";
// Shows what a change of the selected devices would do to each of them, and does it, device by device.
import { useTranslations } from "next-intl";
import { useEffect, useId, useRef, useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { TextField } from "@/components/form/input";
import type { ApiClient } from "@/lib/api/api-client";
import { useCloseGuard } from "@/lib/use-close-guard";
import type { FleetDevice } from "../../fleet-device";
import { siteProblem, tagProblem } from "../../manage/device-schema";
import { applyChange, withinTheLimit } from "./apply-change";
import { needsText, planOf, type FleetAction, type FleetChange, type FleetPlan } from "./changes";

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
  devices,
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
  const [current, setCurrent] = useState<string | null>(null);
  const [isRunning, setRunning] = useState(false);
  const isStopped = useRef(false);
  // The page may be left while the change runs.
  useEffect(() => {
    isStopped.current = false;
    return () => {
      isStopped.current = true;
    };
  }, []);
  useCloseGuard(isRunning);
  const change: FleetChange = { action, text: typed.trim() };
  const problem = problemOf(change);
  const plan = planOf(
    change,
    devices.filter(({ id }) => !done.has(id)),
  );
  const confirm = async () => {
    setTotal(done.size + plan.changing.length);
    setRunning(true);
    isStopped.current = false;
    try {
      for (const device of plan.changing) {
        setCurrent(device.name);
        const isDone = await withinTheLimit(
          () => applyChange(api, change, device),
          () => isStopped.current,
        );
        if (!isDone) return;
        setDone((before) => new Set([...before, device.id]));
      }
      onDone();
      onClose();
    } finally {
      setRunning(false);
      onChanged();
    }
  };
  return (
    <ConfirmDialog
      title={t(`titles.${action}`, { count: devices.length })}
      action={t(`confirm.${action}`, { count: plan.changing.length })}
      busyAction={t("progress", { done: done.size, total })}
      isDisabled={problem !== null || plan.changing.length === 0}
      closesItself={false}
      onConfirm={confirm}
      onStop={() => {
        isStopped.current = true;
      }}
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
              disabled={isRunning || done.size > 0}
              error={isTouched && problem ? problem : undefined}
              onChange={(event) => {
                setTyped(event.target.value);
                setTouched(true);
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
        {total > 0 && (
          <p role="status">
            {isRunning || current === null
              ? t("progress", { done: done.size, total })
              : t("stoppedAt", { done: done.size, total, name: current })}
          </p>
        )}
        {problem === null && <PlanView plan={plan} action={action} />}
      </div>
    </ConfirmDialog>
  );
}

function problemOf({ action, text }: FleetChange): string | null {
  if (!needsText(action)) return null;
  return action === "move" ? siteProblem(text) : tagProblem(text);
}

function PlanView({ plan, action }: { plan: FleetPlan; action: FleetAction }) {
  const t = useTranslations("devices.bulk");
  return (
    <div className="space-y-2" data-testid="bulk-plan">
      <p className="font-medium text-fg">{t("willChange", { count: plan.changing.length })}</p>
      {plan.changing.length > 0 && (
        <ul className="max-h-40 overflow-y-auto" tabIndex={0} aria-label={t("changes")}>
          {plan.changing.map(({ id, name, site }) => (
            <li key={id} dir="auto" className="wrap-anywhere">
              {action === "move" && site ? t("fromSite", { name, site }) : name}
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
