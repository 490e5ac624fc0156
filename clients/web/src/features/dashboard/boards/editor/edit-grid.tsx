"use client";
// The grid while a dashboard is edited: panels are dragged and resized with the mouse, or moved with the keyboard.
import clsx from "clsx";
import { ArrowDown, ArrowUp, Copy, GripVertical, MoreHorizontal, Settings2, Trash2 } from "lucide-react";
import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import { GridLayout, useContainerWidth, type LayoutItem } from "react-grid-layout";
import "react-grid-layout/css/styles.css";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/menu";
import { Button } from "@/components/button";
import { inReadingOrder, type Direction } from "../layout";
import { COLUMNS, GAP_PX, kindOf, MOST, ROW_PX, type Panel, type PanelKind, type Place } from "../model";
import { PanelView, type PanelSurroundings } from "../panels/panel-view";
import { useText } from "../text";
import "./edit-grid.css";

export type GridActions = {
  /** `byKey`: the keyboard chose it, so the focus moves to its settings. */
  readonly onSelect: (id: string, byKey?: boolean) => void;
  readonly onMove: (id: string, direction: Direction) => void;
  readonly onResize: (id: string, direction: Direction) => void;
  readonly onPlaces: (layout: readonly ({ i: string } & Place)[]) => void;
  readonly onDrop: (kind: PanelKind, place: Place) => void;
  readonly onDuplicate: (id: string) => void;
  readonly onRemove: (id: string) => void;
};

type EditGridProps = PanelSurroundings &
  GridActions & {
    panels: readonly Panel[];
    selected: string | null;
    /** The kind that is dragged from the drawer. */
    dragged: PanelKind | null;
    /** True on a screen that is too narrow for columns. */
    isNarrow: boolean;
  };

const GRID = {
  cols: COLUMNS,
  rowHeight: ROW_PX,
  margin: [GAP_PX, GAP_PX],
  containerPadding: [0, 0],
} as const;
const HANDLES = ["se", "sw", "e", "s"] as const;
const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

export function EditGrid({ panels, selected, dragged, isNarrow, ...rest }: EditGridProps) {
  const t = useText();
  const { width, containerRef, mounted } = useContainerWidth();
  const { feed, seriesById, devices, rangeUs, onChoose, ...actions } = rest;
  const surroundings = { feed, seriesById, devices, rangeUs, onChoose };
  // With the mouse, the order of the elements stays: an element that moves in the page loses the focus.
  const ordered = isNarrow ? inReadingOrder(panels) : panels;
  const layout = useMemo(() => panels.map(itemOf), [panels]);
  const items = ordered.map((panel) => (
    <div key={panel.id} className={clsx("h-full", panel.id === selected && "is-selected")}>
      <EditItem
        panel={panel}
        isSelected={panel.id === selected}
        surroundings={surroundings}
        actions={actions}
        isNarrow={isNarrow}
      />
    </div>
  ));
  return (
    <div ref={containerRef}>
      {/* react-draggable looks for this element, and adds a <style> that the security policy forbids when it is missing. */}
      <span hidden id="react-draggable-style-el" />
      <p id="board-keys" className="sr-only">
        {t("keys")}
      </p>
      {isNarrow ? (
        <div className="space-y-4" data-testid="edit-list">
          {ordered.map((panel, index) => (
            <div key={panel.id} style={{ height: panel.h * (ROW_PX + GAP_PX) - GAP_PX }}>
              {items[index]}
            </div>
          ))}
        </div>
      ) : (
        mounted && (
          <div className="board-edit min-h-96 pb-16" data-testid="edit-grid">
            <GridLayout
              width={width}
              layout={layout}
              gridConfig={GRID}
              dragConfig={{ enabled: true, handle: ".board-handle", cancel: ".board-no-drag", threshold: 4 }}
              resizeConfig={{ enabled: true, handles: HANDLES }}
              dropConfig={{ enabled: dragged !== null, defaultItem: sizeOf(dragged ?? "text") }}
              // Not `onLayoutChange`: it also reports layouts that an undo has just replaced.
              onDragStop={(moved) => actions.onPlaces(moved)}
              onResizeStop={(resized) => actions.onPlaces(resized)}
              onDrop={(_, item) => {
                if (dragged && item) actions.onDrop(dragged, { x: item.x, y: item.y, ...sizeOf(dragged) });
              }}
              droppingItem={{ i: DROPPED, x: 0, y: 0, ...sizeOf(dragged ?? "text") }}
            >
              {items}
            </GridLayout>
          </div>
        )
      )}
    </div>
  );
}

const DROPPED = "__dropped__";

function sizeOf(kind: PanelKind): { w: number; h: number } {
  const [w, h] = kindOf(kind).size;
  return { w, h };
}

function itemOf({ id, kind, x, y, w, h }: Panel): LayoutItem {
  const [leastW, leastH] = kindOf(kind).least;
  return { i: id, x, y, w, h, minW: Math.min(leastW, w), minH: Math.min(leastH, h), maxH: MOST.height };
}

type EditItemProps = {
  panel: Panel;
  isSelected: boolean;
  isNarrow: boolean;
  surroundings: PanelSurroundings;
  actions: GridActions;
};

function EditItem({ panel, isSelected, isNarrow, surroundings, actions }: EditItemProps) {
  const t = useText();
  const { id } = panel;
  const name = panel.title || t(panel.kind);
  const pressedAt = useRef({ x: 0, y: 0 });
  const [isMenuOpen, setMenuOpen] = useState(false);

  const onKey = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const direction = ARROWS[event.key];
    if (direction) (event.shiftKey ? actions.onResize : actions.onMove)(id, direction);
    else if (event.key === "Enter" || event.key === " ") actions.onSelect(id, true);
    else if (event.key === "Delete") actions.onRemove(id);
    else return;
    event.preventDefault();
  };

  return (
    <div
      id={`edit-${id}`}
      role="group"
      tabIndex={0}
      aria-label={t("placeOf", placeValues(panel, name))}
      aria-describedby="board-keys"
      data-testid={`edit-${id}`}
      data-place={`${panel.x},${panel.y},${panel.w},${panel.h}`}
      onKeyDown={onKey}
      className={clsx(
        "relative size-full rounded-[10px]",
        isSelected && "outline-2 outline-accent",
        "[&_h3]:pl-4 [&_header]:pr-12 [&_header]:pl-9",
      )}
    >
      <div inert className="size-full">
        <PanelView panel={panel} {...surroundings} />
      </div>
      <div
        aria-hidden
        className={clsx("absolute inset-0 z-1 rounded-[10px]", !isNarrow && "board-handle cursor-move")}
        onPointerDown={({ clientX, clientY }) => (pressedAt.current = { x: clientX, y: clientY })}
        onClick={({ clientX, clientY }) => {
          // The end of a drag is no click.
          const { x, y } = pressedAt.current;
          if (Math.hypot(clientX - x, clientY - y) < 4) actions.onSelect(id);
        }}
        data-testid={`drag-${id}`}
      >
        <GripVertical className="absolute top-3.5 left-3 size-4 text-fg-3" />
      </div>
      <div className="board-no-drag absolute top-1.5 right-2 z-2">
        <Menu open={isMenuOpen} onOpenChange={setMenuOpen}>
          <MenuTrigger asChild>
            <Button
              tone="ghost"
              size="icon"
              aria-label={t("actionsOf", { title: name })}
              data-testid={`menu-${id}`}
            >
              <MoreHorizontal className="size-4" aria-hidden />
            </Button>
          </MenuTrigger>
          <MenuContent align="end">
            <MenuItem onSelect={() => actions.onSelect(id)}>
              <Settings2 className="size-4 text-fg-3" aria-hidden />
              {t("settings")}
            </MenuItem>
            <MenuItem onSelect={() => actions.onMove(id, "up")}>
              <ArrowUp className="size-4 text-fg-3" aria-hidden />
              {t("moveUp")}
            </MenuItem>
            <MenuItem onSelect={() => actions.onMove(id, "down")}>
              <ArrowDown className="size-4 text-fg-3" aria-hidden />
              {t("moveDown")}
            </MenuItem>
            <MenuItem onSelect={() => actions.onDuplicate(id)}>
              <Copy className="size-4 text-fg-3" aria-hidden />
              {t("duplicate")}
            </MenuItem>
            <MenuSeparator />
            <MenuItem className="text-crit" onSelect={() => actions.onRemove(id)}>
              <Trash2 className="size-4" aria-hidden />
              {t("remove")}
            </MenuItem>
          </MenuContent>
        </Menu>
      </div>
    </div>
  );
}

/** Where a panel lies, in numbers from 1. */
export function placeValues({ x, y, w, h }: Place, title: string) {
  return { title, column: x + 1, row: y + 1, w, h };
}
