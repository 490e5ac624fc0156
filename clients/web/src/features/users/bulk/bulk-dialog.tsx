"use client";
// Shows what a change of the selected accounts would do to each of them, and does it.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { PanelContent } from "@/components/panel-content";
import { Segmented } from "@/components/segmented";
import { TypedConfirmDialog } from "@/components/typed-confirm-dialog";
import type { User } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { idempotencyKeys } from "@/lib/api/idempotency-key";
import { ROLES } from "../roles";
import { bodyOf, planOf, type BulkChange, type Plan } from "./changes";

type BulkDialogProps = {
  api: ApiClient;
  action: BulkChange["action"];
  users: ReadonlyMap<string, User>;
  /** Called when the accounts have changed, or may have. */
  onChanged: () => Promise<unknown>;
  /** Called when the change is done. */
  onDone: () => void;
  onClose: () => void;
};

/** The dialog is open while it is rendered. */
export default function BulkDialog({
  api,
  action,
  users: chosen,
  onChanged,
  onDone,
  onClose,
}: BulkDialogProps) {
  const t = useTranslations("users");
  const roles = useTranslations("common.roles");
  const [role, setRole] = useState<User["role"]>("user");
  const [keyOf] = useState(idempotencyKeys);
  // The selection is empty as soon as the change is done. The dialog closes a moment later.
  const [users] = useState(chosen);
  const change: BulkChange = action === "set_role" ? { action, role } : { action };
  const ids = [...users.keys()];
  const preview = useQuery({
    queryKey: ["bulk-preview", change, ids],
    queryFn: ({ signal }) => api.post("/api/users/bulk-preview", { body: { ...change, ids }, signal }),
    // It is about this moment. Another opening asks again.
    gcTime: 0,
    staleTime: Infinity,
  });
  const plan = preview.data && planOf(preview.data);
  const count = plan?.changing.length ?? 0;
  const confirm = async () => {
    const body = bodyOf(change, plan!);
    try {
      await api.post("/api/users/bulk", { body, idempotencyKey: keyOf(body) });
      onDone();
    } catch (error) {
      void preview.refetch();
      throw error;
    } finally {
      await onChanged();
    }
  };
  const common = {
    title: t(`bulk.titles.${action}`, { count: users.size }),
    action: t(`bulk.confirm.${action}`, { count }),
    busyAction: t("bulk.changing"),
    isDisabled: count === 0 || preview.isFetching,
    onConfirm: confirm,
    onClose,
  };
  const content = (
    <div className="space-y-3">
      <p>{t(`bulk.effects.${action}`)}</p>
      {action === "set_role" && (
        <Segmented
          label={t("role")}
          options={ROLES.map((value) => ({ value, label: roles(value) }))}
          value={role}
          onChange={setRole}
        />
      )}
      <div className="-mx-4">
        <PanelContent query={preview} skeletonHeight="3rem">
          {() => <PlanView plan={plan!} users={users} />}
        </PanelContent>
      </div>
    </div>
  );
  return action === "delete" && count > 0 ? (
    <TypedConfirmDialog {...common} expected={t("bulk.typed", { count })}>
      {content}
    </TypedConfirmDialog>
  ) : (
    <ConfirmDialog {...common}>{content}</ConfirmDialog>
  );
}

function PlanView({ plan, users }: { plan: Plan; users: ReadonlyMap<string, User> }) {
  const t = useTranslations("users");
  const nameOf = (id: string) => users.get(id)?.name ?? id;
  return (
    <div className="space-y-2 px-4" data-testid="bulk-plan">
      <p className="font-medium text-fg">{t("bulk.willChange", { count: plan.changing.length })}</p>
      {plan.changing.length > 0 && (
        <ul className="max-h-40 overflow-y-auto" tabIndex={0} aria-label={t("bulk.changes")}>
          {plan.changing.map(({ id }) => (
            <li key={id} dir="auto" className="wrap-anywhere">
              {nameOf(id)}
            </li>
          ))}
        </ul>
      )}
      {plan.unchanged.length > 0 && <p>{t("bulk.unchanged", { count: plan.unchanged.length })}</p>}
      {plan.refused.length > 0 && (
        <div className="rounded-[7px] bg-warn-soft px-3 py-2 text-warn">
          <p>{t("bulk.leftOut", { count: plan.refused.length })}</p>
          <ul className="max-h-32 overflow-y-auto" tabIndex={0} aria-label={t("bulk.leftOutLabel")}>
            {plan.refused.map(({ id, outcome }) => (
              <li key={id} className="wrap-anywhere">
                {t("bulk.reason", {
                  name: nameOf(id),
                  reason: t(`bulk.outcomes.${outcome as Exclude<typeof outcome, "ok">}`),
                })}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
