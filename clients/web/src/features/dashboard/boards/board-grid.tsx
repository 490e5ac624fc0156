"use client";
// The panels of a dashboard on 12 columns, or below each other on a phone. Nothing can be moved here.
import type { CSSProperties } from "react";
import { inReadingOrder } from "./layout";
import { GAP_PX, ROW_PX, type Panel } from "./model";
import { PanelView, type PanelSurroundings } from "./panels/panel-view";

export function BoardGrid({ panels, ...surroundings }: PanelSurroundings & { panels: readonly Panel[] }) {
  return (
    <div data-testid="board-grid" className="grid grid-cols-1 gap-4 md:auto-rows-[40px] md:grid-cols-12">
      {inReadingOrder(panels).map((panel) => (
        <div
          key={panel.id}
          style={placeOf(panel)}
          className="h-(--panel-height) min-w-0 md:h-auto md:[grid-area:var(--panel-area)]"
        >
          <PanelView panel={panel} {...surroundings} />
        </div>
      ))}
    </div>
  );
}

function placeOf({ x, y, w, h }: Panel): CSSProperties {
  return {
    "--panel-area": `${y + 1} / ${x + 1} / span ${h} / span ${w}`,
    "--panel-height": `${h * (ROW_PX + GAP_PX) - GAP_PX}px`,
  } as CSSProperties;
}
