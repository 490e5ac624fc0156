// Runs one export at a time and tells how far it is.
import { useTranslations } from "next-intl";
import { useState } from "react";
import { resolveColor, seriesColor } from "@/charts/palette";
import type { ApiClient } from "@/lib/api/api-client";
import { explain } from "@/lib/api/explain";
import { saveFile } from "@/lib/save-file";
import { shownUnit } from "@/lib/texts/units";
import { chartPicture } from "./chart-picture";
import {
  everyReading,
  fileName,
  InterruptedExport,
  MOST_MINUTES,
  minutesIn,
  oneRowAMinute,
  type ExportRequest,
  type Format,
  type Progress,
} from "./export-files";

export type ExportState =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly progress: Progress; readonly stop: () => void }
  | { readonly kind: "done"; readonly name: string; readonly progress: Progress }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly text: string };

const NOTHING: Progress = { rows: 0, bytes: 0 };
// React renders the progress no more often than this.
const REPORT_MS = 200;

export function useExport(api: ApiClient) {
  const t = useTranslations("explore.export");
  const [state, setState] = useState<ExportState>({ kind: "idle" });

  const run = async (format: Format, request: ExportRequest) => {
    const rows = minutesIn(request.span);
    if (format === "minutes" && rows > MOST_MINUTES) {
      return setState({ kind: "failed", text: t("tooMany", { rows, most: MOST_MINUTES }) });
    }
    const control = new AbortController();
    const stop = () => control.abort();
    setState({ kind: "running", progress: NOTHING, stop });
    let shownAt = 0;
    const report = (progress: Progress) => {
      if (performance.now() - shownAt < REPORT_MS) return;
      shownAt = performance.now();
      setState({ kind: "running", progress, stop });
    };
    try {
      const { file, ...progress } =
        format === "minutes"
          ? await oneRowAMinute(api, request, report, control.signal)
          : await everyReading(api, format, request, report, control.signal);
      const name = fileName(format, request.span, request.zone);
      saveFile(file, name);
      setState({ kind: "done", name, progress });
    } catch (error) {
      if (control.signal.aborted) setState({ kind: "stopped" });
      else if (error instanceof InterruptedExport) setState({ kind: "failed", text: t("interrupted") });
      else setState({ kind: "failed", text: t("failed", { reason: explain(error) }) });
    }
  };

  const picture = async (heading: string, { chosen, span, zone }: ExportRequest) => {
    const charts = document.querySelector("[data-charts]");
    const legend = chosen.map(({ series, color }) => ({
      text: `${series.display_name} (${series.device})${series.unit ? `, ${shownUnit(series.unit)}` : ""}`,
      color: charts instanceof HTMLElement ? resolveColor(charts, seriesColor(color)) : "black",
    }));
    const file = await chartPicture(charts, heading, legend);
    if (!file) return setState({ kind: "failed", text: t("noChart") });
    const name = fileName("png", span, zone);
    saveFile(file, name);
    setState({ kind: "done", name, progress: { rows: null, bytes: file.size } });
  };

  return { state, run, picture, dismiss: () => setState({ kind: "idle" }) };
}
