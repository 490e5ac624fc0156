// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState, type ReactElement } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Device, Series } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import { render } from "@/testing/render";
import type { Feed, HistoryState } from "../ports";
import { boardDraft, forgetBoardDraft, keepAsNewBoard } from "./editing";
import BoardEditor, { type BoardEditorProps } from "./editor/board-editor";
import { PanelSheet } from "./editor/panel-sheet";
import { newPanel, withSeries, type Board, type BoardContent, type Panel } from "./model";
import { HistoryNotice } from "./panels/panel-state";
import { PanelView } from "./panels/panel-view";
import { AS_DECLARED } from "@/testing/telemetry";

// uPlot reads it when it is imported. The screen is wide.
vi.hoisted(() => {
  globalThis.matchMedia = () =>
    ({
      matches: true,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    }) as unknown as MediaQueryList;
});
vi.mock("next/navigation", () => ({ useRouter: () => ({ push: vi.fn() }) }));

const NOW = 1_700_000_000_000_000;
const PLACE = { x: 0, y: 0, w: 4, h: 4 };
const device: Device = {
  id: "d",
  name: "Press 4",
  online: true,
  last_seen_at: null,
  clock_offset_us: null,
  clock_suspect: false,
  promise: "exactly_once",
  cloned: false,
  series_count: 2,
  waiting: 0,
};
const series = (id: number, name: string, type: Series["type"] = "float"): Series => ({
  id,
  device: "d",
  name,
  display_name: name.toUpperCase(),
  type,
  unit: "bar",
  interval_us: 1_000_000,
  latest: null,
  ...AS_DECLARED,
});
const byId = new Map([series(1, "pressure"), series(2, "pump", "bool")].map((one) => [one.id, one]));

function feedWith(
  latest: Record<number, number | boolean>,
  ageUs = 0,
  history: HistoryState = { status: "ready" },
) {
  const tick = { shownUs: NOW, paused: false, behindUs: 0 };
  const feed: Feed = {
    revision: 1,
    view: { current: () => tick, subscribe: () => () => undefined, shownUs: () => NOW },
    connection: { state: { kind: "live" }, subscribe: () => () => undefined },
    historyState: () => history,
    subscribeHistory: () => () => undefined,
    select: () => undefined,
    reload: vi.fn(() => Promise.resolve()),
    setPaused: () => undefined,
    latest: (id) => (id in latest ? { t: NOW - ageUs, v: latest[id]! } : null),
    samples: (id) =>
      id in latest
        ? { t: Float64Array.of(NOW - 60_000_000, NOW), v: Float64Array.of(0, Number(latest[id])) }
        : { t: new Float64Array(0), v: new Float64Array(0) },
    gapTest: () => () => false,
    late: () => [],
    suspect: () => [],
    interval: () => 1_000_000,
  };
  return feed;
}

const show = (panel: Panel, feed: Feed, onChoose?: (id: string) => void) =>
  render(
    <PanelView
      panel={panel}
      feed={feed}
      seriesById={byId}
      devices={[device]}
      rangeUs={300_000_000}
      onChoose={onChoose}
    />,
  );

/** The gateway's list of series: every word must be in a name, and one page comes at once. */
function gatewayOf(all: readonly Series[]) {
  return vi.fn(async (_: string, { query }: { query: { q?: string; limit: number } }) => {
    const words = query.q?.split(" ") ?? [];
    const found = all.filter((one) => {
      const names = `${device.name} ${one.display_name} ${one.name}`.toLowerCase();
      return words.every((word) => names.includes(word));
    });
    return { items: found.slice(0, query.limit), next: null, truncated: false, total: found.length };
  });
}

const gatewayWith = (count: number) =>
  gatewayOf(Array.from({ length: count }, (_, id) => series(id, `sensor ${id}`)));

function withQueries(element: ReactElement): ReactElement {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return <QueryClientProvider client={client}>{element}</QueryClientProvider>;
}

beforeEach(() => {
  sessionStorage.clear();
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("a panel", () => {
  it("shows a value between two ends, and says it in words", () => {
    const gauge = { ...withSeries(newPanel("gauge", "g", PLACE), [1]), min: 0, max: 8 } as Panel;
    show(gauge, feedWith({ 1: 4.18 }));
    expect(screen.getByRole("img", { name: "4.18 bar, on a scale from 0 to 8" })).toBeTruthy();
  });

  it("shows the colour and the word of a limit that is reached, but not while the value is stale", () => {
    const limits = [{ severity: "critical", direction: "above", value: 4 }];
    const number = { ...withSeries(newPanel("number", "n", PLACE), [1]), limits } as Panel;
    show(number, feedWith({ 1: 4.18 }));
    expect(screen.getByTestId("tile-pressure").dataset.severity).toBe("critical");
    expect(screen.getByRole("article").getAttribute("aria-label")).toContain("critical");
    cleanup();
    show(number, feedWith({ 1: 4.18 }, 60_000_000));
    expect(screen.getByTestId("tile-pressure").dataset.severity).toBeUndefined();
    expect(screen.getByText(/Stale 1 min/)).toBeTruthy();
  });

  it("shows on and off in the chosen words, and since when", () => {
    const labels = { on: "Running", off: "Standing" };
    show({ ...withSeries(newPanel("switch", "s", PLACE), [2]), labels } as Panel, feedWith({ 2: true }));
    expect(screen.getByTestId("switch-pump").textContent).toContain("Running");
    expect(screen.getByTestId("switch-pump").textContent).toContain("0 s");
  });

  it("offers to choose series when it has none, and says when one was deleted", () => {
    const onChoose = vi.fn();
    show(newPanel("chart", "c", PLACE), feedWith({}), onChoose);
    fireEvent.click(screen.getByRole("button", { name: "Choose series" }));
    expect(onChoose).toHaveBeenCalledWith("c");
    cleanup();
    show(withSeries(newPanel("number", "n", PLACE), [99]), feedWith({}));
    expect(screen.getByText("1 series of this panel was deleted")).toBeTruthy();
    expect(screen.queryByRole("button")).toBeNull();
    cleanup();
    show(withSeries(newPanel("table", "t", PLACE), [1, 98, 99]), feedWith({ 1: 1 }));
    expect(screen.getByTestId("missing-series").textContent).toBe("2 series of this panel were deleted");
  });

  it("shows text as text", () => {
    show({ ...newPanel("text", "t", PLACE), text: "<b>x</b> https://a.example" } as Panel, feedWith({}));
    expect(screen.getByText(/<b>x<\/b>/)).toBeTruthy();
    expect(screen.getByRole("link").getAttribute("href")).toBe("https://a.example");
  });

  it("explains a history that failed or is forbidden", () => {
    const feed = feedWith({}, 0, { status: "failed", detail: "The network is down." });
    render(<HistoryNotice feed={feed} />);
    expect(screen.getByText(/The network is down/)).toBeTruthy();
    fireEvent.click(screen.getByTestId("retry-history"));
    expect(feed.reload).toHaveBeenCalled();
    cleanup();
    render(<HistoryNotice feed={feedWith({}, 0, { status: "denied" })} />);
    expect(screen.getByText(/no access to stored readings/)).toBeTruthy();
  });
});

describe("the settings of a panel", () => {
  type SheetProps = { start: Panel; seen: (panel: Panel) => void; get: ReturnType<typeof gatewayWith> };
  function Sheet({ start, seen, get }: SheetProps) {
    const [panel, setPanel] = useState(start);
    return (
      <PanelSheet
        api={{ get } as unknown as ApiClient}
        sheetRef={{ current: null }}
        panel={panel}
        series={byId}
        devices={[device]}
        onChange={(next) => {
          setPanel(next);
          seen(next);
        }}
        onDuplicate={() => undefined}
        onRemove={() => undefined}
        onClose={() => undefined}
      />
    );
  }
  const open = (panel: Panel, get = gatewayOf([...byId.values()])) => {
    const seen = vi.fn<(panel: Panel) => void>();
    render(withQueries(<Sheet start={panel} seen={seen} get={get} />));
    return () => seen.mock.calls.at(-1)?.[0];
  };
  const type = (label: string | RegExp, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } });

  it("chooses series with a search, by keyboard alone", async () => {
    const last = open(newPanel("chart", "c", PLACE));
    const search = screen.getByTestId("series-search");
    const press = (key: string) => fireEvent.keyDown(search, { key });
    const chosen = () => (last() as { series: number[] } | undefined)?.series;
    fireEvent.change(search, { target: { value: "press pump" } });
    // Enter does not wait for the list.
    press("Enter");
    await waitFor(() => expect(chosen()).toEqual([2]));
    await waitFor(() => expect(screen.getAllByRole("option")).toHaveLength(1));
    fireEvent.change(search, { target: { value: "" } });
    await waitFor(() => expect(screen.getAllByRole("option")).toHaveLength(2));
    press("ArrowDown");
    press("ArrowUp");
    press("Enter");
    expect(chosen()).toEqual([2, 1]);
    fireEvent.change(search, { target: { value: "boiler" } });
    expect(await screen.findByText("No series matches “boiler”")).toBeTruthy();
  });

  it("shows 50 of 20,000 series, says how many more there are, and asks for no others", async () => {
    const get = gatewayWith(20_000);
    open(newPanel("chart", "c", PLACE), get);
    expect(await screen.findByText("50 of 20,000 series. 19,950 more: type more of the name")).toBeTruthy();
    expect(screen.getAllByRole("option")).toHaveLength(50);
    fireEvent.change(screen.getByTestId("series-search"), { target: { value: "sensor 19999" } });
    expect(await screen.findByText("1 series")).toBeTruthy();
    expect(screen.getByRole("option").textContent).toContain("SENSOR 19999");
    expect(get.mock.calls.map(([, { query }]) => query)).toEqual([
      { q: undefined, limit: 50 },
      { q: "sensor 19999", limit: 50 },
    ]);
  });

  it("says why the series could not be loaded, and tries again", async () => {
    const get = gatewayWith(3);
    get.mockRejectedValueOnce(new ApiError(503, "unavailable", "", null, null, {}, "telemetry"));
    open(newPanel("chart", "c", PLACE), get);
    fireEvent.click(await screen.findByRole("button", { name: "Try again" }));
    expect(await screen.findByText("3 series")).toBeTruthy();
  });

  it("keeps what is typed into a number field, and passes on numbers only", () => {
    const last = open(withSeries(newPanel("gauge", "g", PLACE), [1]));
    type("Maximum", "1,000");
    expect((screen.getByLabelText("Maximum") as HTMLInputElement).value).toBe("1,000");
    expect(screen.getByRole("alert").textContent).toContain("Enter a number");
    expect(last()).toBeUndefined();
    type("Maximum", "7,5");
    expect(last()).toMatchObject({ max: 7.5 });
    type("Minimum", "9");
    expect(screen.getByRole("alert").textContent).toContain("greater than the minimum");
  });

  it("turns pasted line breaks in a title into spaces", () => {
    const last = open(withSeries(newPanel("number", "n", PLACE), [1]));
    type("Title", "a\u0000b\ud800");
    expect(last()?.title).toBe("a b");
  });
});

describe("the editor", () => {
  const content: BoardContent = { name: "Plant", shared: true, panels: [newPanel("text", "a", PLACE)] };
  const board = (version: number, name: string): Board => ({
    ...content,
    name,
    id: "b",
    owner: "o",
    owner_name: "Ada",
    version,
    panel_count: 1,
    created_at: "",
    updated_at: "",
    updated_by: "o",
    updated_by_name: "Aiko Watanabe",
  });
  const actions = () => ({ create: vi.fn(), save: vi.fn(), remove: vi.fn(), reload: vi.fn() });
  const open = (props: Partial<BoardEditorProps> = {}) => {
    const given = {
      api: { get: gatewayOf([...byId.values()]) } as unknown as ApiClient,
      feed: feedWith({}),
      seriesById: byId,
      devices: [device],
      rangeUs: 1,
      draft: "account:b",
      id: "b",
      loaded: { content, etag: '"1"', version: 1 },
      newest: { board: board(1, "Plant"), etag: '"1"' },
      actions: actions(),
      onPanels: vi.fn(),
      onSaved: vi.fn(),
      onClose: vi.fn(),
      ...props,
    } satisfies BoardEditorProps;
    return { ...given, ...render(withQueries(<BoardEditor {...given} />)) };
  };
  const rename = (name: string) =>
    fireEvent.change(screen.getByTestId("board-name"), { target: { value: name } });

  it("saves with the version that it started from", async () => {
    const { actions, onSaved } = open();
    rename("  Works ");
    expect(screen.getByTestId("edit-summary").textContent).toContain("1 change, not saved");
    fireEvent.click(screen.getByTestId("save"));
    await waitFor(() => expect(onSaved).toHaveBeenCalledWith("b"));
    expect(actions.save).toHaveBeenCalledWith("b", { ...content, name: "Works" }, '"1"');
  });

  it("keeps what was typed when the gateway rejects it, and says why", async () => {
    const given = actions();
    given.save.mockRejectedValue(new ApiError(503, "unavailable", "", null, null, {}, "telemetry"));
    open({ actions: given });
    rename("Works");
    fireEvent.click(screen.getByTestId("save"));
    expect((await screen.findByTestId("board-problem")).textContent).toContain("does not answer");
    expect((screen.getByTestId("board-name") as HTMLInputElement).value).toBe("Works");
  });

  it("shows what differs when somebody else has saved, and never saves over it unasked", async () => {
    const given = actions();
    given.save
      .mockRejectedValueOnce(new ApiError(412, "precondition_failed", ""))
      .mockResolvedValue(undefined);
    const { rerender, ...props } = open({ actions: given });
    rename("Works");
    given.reload.mockImplementation(async () => {
      rerender(withQueries(<BoardEditor {...props} newest={{ board: board(2, "Plant"), etag: '"2"' }} />));
    });
    fireEvent.click(screen.getByTestId("save"));
    expect(await screen.findByTestId("take-and-save")).toBeTruthy();
    expect(given.save).toHaveBeenCalledTimes(1);
    fireEvent.click(screen.getByTestId("take-and-save"));
    await waitFor(() =>
      expect(given.save).toHaveBeenLastCalledWith("b", { ...content, name: "Works" }, '"2"'),
    );
  });

  it("finds the changes again after a reload of the page", () => {
    open().unmount();
    open();
    rename("Works");
    cleanup();
    open();
    expect((screen.getByTestId("board-name") as HTMLInputElement).value).toBe("Works");
    expect(screen.getByTestId("restored")).toBeTruthy();
    cleanup();
    open({ draft: "other:b" });
    expect((screen.getByTestId("board-name") as HTMLInputElement).value).toBe("Plant");
  });

  it("asks for a name before it saves", () => {
    const { actions } = open();
    rename("   ");
    fireEvent.click(screen.getByTestId("save"));
    expect(screen.getByTestId("board-problem").textContent).toBe("Enter a name for the dashboard.");
    expect(actions.save).not.toHaveBeenCalled();
  });

  it("moves the focus into the settings of a panel that the keyboard opens, and not on a click", async () => {
    open();
    const panel = screen.getByTestId("edit-a");
    panel.focus();
    fireEvent.keyDown(panel, { key: "Enter" });
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("panel-title")));
  });

  it("hands the draft of a deleted dashboard to a new one of the person alone", () => {
    const given = open();
    rename("Works");
    given.unmount();
    keepAsNewBoard("account:b", "ada:new");
    expect(boardDraft("account:b")).toBeNull();
    expect(boardDraft("ada:new")?.content).toMatchObject({ name: "Works", shared: false });
    expect(boardDraft("ada:new")?.base).toMatchObject({ etag: null, version: null });

    // Another one does not replace the dashboard that was begun.
    const second = open();
    rename("Second");
    second.unmount();
    keepAsNewBoard("account:b", "ada:new");
    expect(boardDraft("ada:new")?.content.panels.map(({ id }) => id)).toEqual(["a", "kept-a"]);
    forgetBoardDraft("ada:new");
  });

  it("duplicates, removes and undoes", () => {
    open();
    fireEvent.keyDown(screen.getByTestId("edit-a"), { key: "Enter" });
    fireEvent.click(screen.getByTestId("duplicate-panel"));
    expect(document.querySelectorAll("[data-place]")).toHaveLength(2);
    fireEvent.click(screen.getByTestId("remove-panel"));
    fireEvent.keyDown(screen.getByTestId("edit-a"), { key: "Delete" });
    expect(document.querySelectorAll("[data-place]")).toHaveLength(0);
    fireEvent.click(screen.getByTestId("undo"));
    fireEvent.click(screen.getByTestId("undo"));
    expect(document.querySelectorAll("[data-place]")).toHaveLength(2);
    fireEvent.click(screen.getByTestId("redo"));
    expect(document.querySelectorAll("[data-place]")).toHaveLength(1);
  });
});
