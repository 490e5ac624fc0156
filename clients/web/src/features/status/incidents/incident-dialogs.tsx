"use client";
// The dialogs that change, close and delete an incident.
import { useQueryClient } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { ConfirmDialog } from "@/components/confirm-dialog";
import { lazyPart } from "@/components/lazy-part";
import type { Incident } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { incidentsQuery } from "../queries";
import { stateOf } from "./incident-times";

const EditDialog = lazyPart(() => import("./edit-dialog"));

const PATH = "/api/telemetry/incidents/{id}";

/** What somebody wants to do with an incident. `incident`: as it was when they asked. */
export type Asked = { readonly what: "edit" | "close" | "delete"; readonly incident: Incident };

type IncidentDialogsProps = {
  api: ApiClient;
  what: Asked["what"];
  /** The newest version that is loaded. */
  incident: Incident;
  onAsk: (asked: Asked | null) => void;
};

/** The dialog is open while it is rendered. */
export function IncidentDialogs({ api, what, incident, onAsk }: IncidentDialogsProps) {
  const t = useTranslations("status.incident");
  const client = useQueryClient();
  const change = { path: { id: incident.id }, ifMatch: `"${incident.version}"` };
  const reload = () => client.invalidateQueries({ queryKey: incidentsQuery(api).queryKey });
  const close = () => onAsk(null);
  if (what === "edit") {
    return (
      <EditDialog
        api={api}
        incident={incident}
        onDelete={() => onAsk({ what: "delete", incident })}
        onClose={close}
      />
    );
  }
  const run = async () => {
    // Somebody else has closed it meanwhile. Their end counts.
    if (what === "close" && stateOf(incident, Date.now()) === "closed") return;
    try {
      if (what === "delete") return await api.delete(PATH, change);
      const { title, text, services, started_at } = incident;
      // A clock that is wrong must not give an end before the start.
      const end = new Date(Math.max(Date.now(), Date.parse(started_at)));
      const body = { title, text, services, started_at, ended_at: end.toISOString() };
      return await api.put(PATH, { ...change, body });
    } finally {
      await reload();
    }
  };
  return (
    <ConfirmDialog
      title={t(`${what}Title`)}
      action={t(what)}
      busyAction={t("saving")}
      onConfirm={run}
      onClose={close}
    >
      <p className="wrap-anywhere">{t(`${what}Effect`, { title: incident.title })}</p>
    </ConfirmDialog>
  );
}
