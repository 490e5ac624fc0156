// The icon of each kind of panel.
import { ChartLine, Gauge, Hash, Table2, TextAlignStart, ToggleRight, type LucideIcon } from "lucide-react";
import type { PanelKind } from "../model";

export const KIND_ICONS: Readonly<Record<PanelKind, LucideIcon>> = {
  chart: ChartLine,
  number: Hash,
  gauge: Gauge,
  switch: ToggleRight,
  table: Table2,
  text: TextAlignStart,
};
