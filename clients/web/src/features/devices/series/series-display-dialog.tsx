"use client";
// How a series is shown to everybody: name, unit, decimals, limits and the usual range.
import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "next-intl";
import { useRef } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { ChangeNotice, RestoredNotice } from "@/components/form/change-notice";
import { FormProblem } from "@/components/form/form-problem";
import { TextField } from "@/components/form/input";
import { UnitNote } from "@/components/form/unit-note";
import { SubmitButton } from "@/components/form/submit-button";
import { PanelContent } from "@/components/panel-content";
import type { Series } from "@/contracts/http";
import type { ApiClient } from "@/lib/api/api-client";
import { useVersionedForm, type Version } from "@/lib/forms/use-versioned-form";
import {
  displayBodyOf,
  displaySchema,
  displayValuesOf,
  LIMIT_FIELDS,
  type DisplayValues,
  type SeriesDisplay,
} from "./series-display";

type SeriesDisplayDialogProps = { api: ApiClient; series: Series; onSaved: () => void; onClose: () => void };

/** Also what the form has no field for. */
type Loaded = Version<DisplayValues> & { readonly display: SeriesDisplay };

const PATH = "/api/telemetry/series/{series_id}/display";

/** The dialog is open while it is rendered. It loads the settings, since the list may be older. */
export function SeriesDisplayDialog({ api, series, onSaved, onClose }: SeriesDisplayDialogProps) {
  const t = useTranslations("devices");
  const load = async (): Promise<Loaded> => {
    const { body, etag } = await api.getTagged(PATH, { path: { series_id: series.id } });
    return { values: displayValuesOf(body), etag, display: body };
  };
  const query = useQuery({
    queryKey: ["series-display", series.id],
    queryFn: load,
    // The form keeps its own version. A reload in the background must not replace it.
    staleTime: Infinity,
    gcTime: 0,
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("display.title", { name: series.display_name })}
      description={t("itsNameInMessagesStays", { name: series.name })}
    >
      <PanelContent query={query} skeletonHeight="24rem">
        {(loaded) => (
          <DisplayForm
            api={api}
            id={series.id}
            isSwitch={series.type === "bool"}
            loaded={loaded}
            reload={load}
            onCancel={onClose}
            onSaved={() => {
              onSaved();
              onClose();
            }}
          />
        )}
      </PanelContent>
    </Dialog>
  );
}

type DisplayFormProps = {
  api: ApiClient;
  id: number;
  /** A switch has no unit, decimals or limits. */
  isSwitch: boolean;
  loaded: Loaded;
  reload: () => Promise<Loaded>;
  onSaved: () => void;
  onCancel: () => void;
};

function DisplayForm({ api, id, isSwitch, loaded, reload, onSaved, onCancel }: DisplayFormProps) {
  const t = useTranslations("devices");
  // The newest version that was loaded: its other limits stay.
  const newest = useRef(loaded.display);
  const { form, submit, change, wasRestored, discard } = useVersionedForm<DisplayValues>({
    draft: `series-display:${id}`,
    schema: displaySchema,
    loaded,
    reload: async () => {
      const found = await reload();
      newest.current = found.display;
      return found;
    },
    save: (values, ifMatch) =>
      api.put(PATH, { path: { series_id: id }, body: displayBodyOf(values, newest.current.limits), ifMatch }),
    onSaved,
  });
  const { errors, isSubmitting } = form.formState;
  const labels: Record<keyof DisplayValues, string> = {
    display_name: t("nameOnTheScreen"),
    unit: t("unit"),
    decimals: t("display.decimals"),
    criticalAbove: t("display.criticalAbove"),
    warningAbove: t("display.warningAbove"),
    warningBelow: t("display.warningBelow"),
    criticalBelow: t("display.criticalBelow"),
    expected_min: t("display.least"),
    expected_max: t("display.most"),
  };
  const field = (name: keyof DisplayValues) => ({
    label: labels[name],
    fieldSize: "md" as const,
    autoComplete: "off",
    maxLength: name === "display_name" ? 200 : 60,
    error: errors[name]?.message,
    ...form.register(name),
  });
  const numeric = { inputMode: "decimal", className: "tabular-nums" } as const;
  return (
    <form method="post" onSubmit={(event) => void submit(event)} noValidate className="space-y-4">
      <FormProblem testId="series-error">{errors.root?.message}</FormProblem>
      {change && (
        <ChangeNotice change={change} labels={labels} show={(name, values) => `“${values[name]}”`} />
      )}
      {wasRestored && !change && <RestoredNotice onDiscard={discard} />}
      <TextField
        {...field("display_name")}
        autoFocus
        dir="auto"
        placeholder={loaded.display.declared_name}
        data-testid="series-display-name"
      />
      {!isSwitch && (
        <>
          <div className="grid grid-cols-2 gap-3">
            <TextField
              {...field("unit")}
              placeholder={loaded.display.declared_unit}
              data-testid="series-unit"
            />
            <TextField
              {...field("decimals")}
              {...numeric}
              placeholder={t("display.automatic")}
              data-testid="series-decimals"
            />
          </div>
          <fieldset className="space-y-2">
            <legend className="text-ui font-semibold">{t("display.limits")}</legend>
            <p className="text-xs text-fg-2">{t("display.limitsHint")}</p>
            <UnitNote units={[form.watch("unit") || loaded.display.declared_unit]} />
            <div className="grid grid-cols-2 gap-3">
              {LIMIT_FIELDS.map(({ field: name }) => (
                <TextField key={name} {...field(name)} {...numeric} data-testid={`series-${name}`} />
              ))}
            </div>
          </fieldset>
          <fieldset className="space-y-2">
            <legend className="text-ui font-semibold">{t("display.range")}</legend>
            <p className="text-xs text-fg-2">{t("display.rangeHint")}</p>
            <div className="grid grid-cols-2 gap-3">
              <TextField {...field("expected_min")} {...numeric} data-testid="series-expected-min" />
              <TextField {...field("expected_max")} {...numeric} data-testid="series-expected-max" />
            </div>
          </fieldset>
        </>
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{t("cancel")}</Button>
        <SubmitButton isBusy={isSubmitting} busyText={t("saving")} data-testid="series-submit">
          {t("save")}
        </SubmitButton>
      </div>
    </form>
  );
}
