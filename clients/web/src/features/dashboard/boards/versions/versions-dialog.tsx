"use client";
// The versions of a dashboard: who saved them and when. One of them can be looked at.
import { useQuery } from "@tanstack/react-query";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { LoadError } from "@/components/load-error";
import { When } from "@/components/when";
import type { ApiClient } from "@/lib/api/api-client";
import { useText } from "../text";
import { versionsQuery } from "./queries";

type VersionsDialogProps = {
  api: ApiClient;
  id: string;
  /** The newest version. */
  current: number;
  onLook: (version: number) => void;
  onClose: () => void;
};

/** The dialog is open while it is rendered. */
export default function VersionsDialog({ api, id, current, onLook, onClose }: VersionsDialogProps) {
  const t = useText();
  const versions = useQuery(versionsQuery(api, id));
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("versions.title")}
      description={t("versions.hint")}
    >
      {versions.error && !versions.data && (
        <LoadError error={versions.error} what={t("versions.list")} onRetry={() => void versions.refetch()} />
      )}
      {!versions.data && !versions.error && (
        <div role="status" aria-label={t("loading")} className="skeleton h-24" />
      )}
      <ul className="divide-y" aria-label={t("versions.list")} data-testid="versions">
        {versions.data?.map((one) => (
          <li key={one.version} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2.5 text-ui">
            <div className="min-w-0 flex-1 basis-48">
              <p className="font-medium wrap-anywhere">
                {t("versions.number", { version: one.version })}
                {" · "}
                <span dir="auto">{one.name}</span>
              </p>
              <p className="text-xs text-fg-2">
                {t("versions.savedBy", { name: one.updated_by_name })} <When at={one.updated_at} />
                {" · "}
                {t("versions.panels", { count: one.panel_count })}
              </p>
            </div>
            {one.version >= current ? (
              <Badge tone="neutral" hasDot={false}>
                {t("versions.current")}
              </Badge>
            ) : (
              <Button
                onClick={() => onLook(one.version)}
                aria-label={t("versions.lookAt", { version: one.version })}
                data-testid={`look-${one.version}`}
              >
                {t("versions.look")}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
