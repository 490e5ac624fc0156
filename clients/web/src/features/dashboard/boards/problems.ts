// What is wrong with a dashboard before it is saved, and how typed text is cleaned. Pure functions.
import { inReadingOrder } from "./layout";
import { allSeriesIds, MOST, seriesIdsOf, type BoardContent, type Panel } from "./model";

export type Problem = {
  /** The panel that it is about; null for the dashboard as a whole. */
  readonly panel: string | null;
  readonly text: "nameMissing" | "rangeWrong" | "rangeMissing" | "tooManySeries" | "tooManyPanels";
};

/** The problems of a dashboard, empty when it can be saved. */
export function problemsOf({ name, panels }: BoardContent): Problem[] {
  const problems: Problem[] = panels.flatMap((panel) => {
    const text = panelProblem(panel);
    return text ? [{ panel: panel.id, text }] : [];
  });
  if (name.trim() === "") problems.unshift({ panel: null, text: "nameMissing" });
  if (panels.length > MOST.panels) problems.push({ panel: null, text: "tooManyPanels" });
  const count = panels.reduce((sum, panel) => sum + seriesIdsOf(panel).length, 0);
  if (Math.max(count, allSeriesIds(panels).length) > MOST.series)
    problems.push({ panel: null, text: "tooManySeries" });
  return problems;
}

export function panelProblem(panel: Panel): "rangeWrong" | "rangeMissing" | null {
  if (panel.kind === "gauge") return panel.min < panel.max ? null : "rangeWrong";
  if (panel.kind !== "chart" || panel.axis.mode !== "fixed") return null;
  const { min, max } = panel.axis;
  if (min === null || max === null) return "rangeMissing";
  return min < max ? null : "rangeWrong";
}

/** The dashboard as it is saved: panels in reading order, without white space around its name and titles, and a range only where it is used. */
export function tidy({ name, shared, panels }: BoardContent): BoardContent {
  return {
    name: name.trim(),
    shared,
    panels: inReadingOrder(panels).map((panel) => {
      const titled = { ...panel, title: panel.title.trim() };
      if (titled.kind !== "chart" || titled.axis.mode === "fixed") return titled;
      return { ...titled, axis: { mode: titled.axis.mode, min: null, max: null } };
    }),
  };
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
const CONTROL_BUT_LINES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** One line: pasted line breaks and tabs become spaces. */
export function cleanLine(text: string): string {
  return text.replace(CONTROL, " ").replace(LONE_SURROGATE, "");
}

/** Several lines, with plain line breaks. */
export function cleanText(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/\t/g, "  ")
    .replace(CONTROL_BUT_LINES, "")
    .replace(LONE_SURROGATE, "");
}
