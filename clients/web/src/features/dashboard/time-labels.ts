// What stands at the ticks of a time axis.
import type uPlot from "uplot";

export const RIGHT_PADDING = 8;
// About the width of a digit at this size.
const LABEL_CHARACTER = 6;
const DAY_SECONDS = 86_400;

const clockText = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const secondsText = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayText = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** As uPlot asks for them: `ticks` in seconds. */
export function timeLabels(
  plot: uPlot,
  ticks: number[],
  _axis: number,
  _space: number,
  spacing: number,
): string[] {
  const { min, max } = plot.scales.x!;
  const pixels = plot.bbox.width / devicePixelRatio;
  return ticks.map((tick) => {
    const date = new Date(tick * 1_000);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
    const isDay = spacing >= DAY_SECONDS || (spacing >= 3_600 && isMidnight);
    const format = isDay ? dayText : spacing < 60 ? secondsText : clockText;
    const text = format.format(date);
    // Half a label stands right of its tick: one without room there is left out rather than cut.
    const room = (((max ?? tick) - tick) / ((max ?? 1) - (min ?? 0))) * pixels + RIGHT_PADDING;
    return room < (text.length * LABEL_CHARACTER) / 2 ? "" : text;
  });
}
