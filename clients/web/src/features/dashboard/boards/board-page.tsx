"use client";
// One dashboard of a user: loads it, selects its series in the feed, and shows it or its editor.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { LayoutDashboard, SearchX } from "lucide-react";
import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { Button } from "@/components/button";
import { lazyPart } from "@/components/lazy-part";
import { LoadError } from "@/components/load-error";
import { NoticeState } from "@/components/notice-state";
import type { Account, Device, ShownDevice } from "@/contracts/http";
import { ApiError, type ApiClient } from "@/lib/api/api-client";
import type { Can } from "@/lib/permissions";
import { ConnectionBanner } from "../dashboard-body";
import { DashboardSkeleton } from "../dashboard-skeleton";
import { devicesQuery } from "../inventory";
import type { Feed } from "../ports";
import type { Range, RangeKey } from "../ranges";
import { BoardGrid } from "./board-grid";
import { BoardHeader } from "./board-header";
import { boardDraft, forgetBoardDraft, keepAsNewBoard, type Base } from "./editing";
import { allSeriesIds, type BoardContent, type Panel } from "./model";
import { overviewPanels } from "./overview";
import { HistoryNotice } from "./panels/panel-state";
import {
  boardQuery,
  contentOf,
  overviewSeriesQuery,
  rememberSeries,
  useBoardActions,
  useSeriesById,
} from "./queries";
import { ResetMenu } from "./reset-menu";
import { feedSelection } from "./resolve";
import type { OpenBoard } from "./switcher";
import { useText } from "./text";

const VersionView = lazyPart(() => import("./versions/version-view"), <DashboardSkeleton />);
const BoardEditor = lazyPart(() => import("./editor/board-editor"), <DashboardSkeleton />);

export type BoardPageProps = {
  api: ApiClient;
  feed: Feed;
  can: Can;
  account: Account;
  /** `new`: one that is not saved yet. */
  boardId: string;
  /** What a new dashboard starts with: `device:…` or `board:…`. */
  from: string | null;
  isEditing: boolean;
  range: Range;
  onRange: (key: RangeKey) => void;
  switcher: ReactNode;
  onOpen: OpenBoard;
  onKiosk: () => void;
  /** The installation allows frames on other sites. */
  mayEmbed: boolean;
};

export function BoardPage(props: BoardPageProps) {
  const { api, account, can, boardId, onOpen } = props;
  const draft = `${account.id}:${boardId}`;
  const t = useText();
  const isNew = boardId === "new";
  const stored = useQuery({ ...boardQuery(api, boardId), enabled: !isNew });
  if (isNew) return <NewBoard {...props} />;
  if (stored.data) return <StoredBoard key={boardId} {...props} stored={stored.data} />;
  if (!stored.error) return <DashboardSkeleton />;
  if (stored.error instanceof ApiError && [404, 422].includes(stored.error.status)) {
    const kept = can("dashboards.own") && boardDraft(draft) !== null;
    return (
      <NoticeState
        icon={SearchX}
        title={t("notFound")}
        tone="warn"
        role="alert"
        className="min-h-[50dvh]"
        action={
          <div className="flex flex-wrap justify-center gap-2">
            {kept && (
              <Button
                tone="primary"
                onClick={() => {
                  keepAsNewBoard(draft, `${account.id}:new`);
                  onOpen("new", { isEditing: true });
                }}
                data-testid="keep-draft"
              >
                {t("keepDraft")}
              </Button>
            )}
            <Button
              onClick={() => {
                forgetBoardDraft(draft);
                onOpen(null);
              }}
              data-testid="to-overview"
            >
              {kept ? t("dropDraft") : t("toOverview")}
            </Button>
          </div>
        }
      >
        {kept ? t("notFoundWithDraft") : t("notFoundHint")}
      </NoticeState>
    );
  }
  return <LoadError error={stored.error} what={t("theDashboard")} onRetry={() => void stored.refetch()} />;
}

type StoredBoardProps = BoardPageProps & {
  stored: { board: Parameters<typeof contentOf>[0]; etag: string };
};

function StoredBoard({ stored, ...props }: StoredBoardProps) {
  const t = useText();
  const { api, feed, can, account, isEditing, range, onRange, switcher, onOpen, onKiosk } = props;
  const { board, etag } = stored;
  const actions = useBoardActions(api);
  const mayShare = can("dashboards.share");
  const mayEdit = board.shared ? mayShare : board.owner === account.id && can("dashboards.own");
  const draft = `${account.id}:${board.id}`;
  const [edited, setEdited] = useState<readonly Panel[] | null>(null);
  const [version, setVersion] = useState<number | null>(null);
  const [older, setOlder] = useState<readonly Panel[] | null>(null);
  const isEditor = isEditing && mayEdit;
  const shown = useShown(
    api,
    feed,
    isEditor ? (edited ?? board.panels) : (older ?? board.panels),
    range,
    isEditor,
  );
  const series = useMemo(
    () => (shown.seriesById ? feedSelection(board.panels, shown.seriesById, shown.devices).series : []),
    [board.panels, shown.seriesById, shown.devices],
  );
  const edit = useCallback(() => {
    setVersion(null);
    setOlder(null);
    onOpen(board.id, { isEditing: true });
  }, [onOpen, board.id]);
  const surroundings = { feed, seriesById: shown.seriesById, devices: shown.devices, rangeUs: range.us };

  if (isEditor) {
    return (
      <BoardEditor
        {...surroundings}
        api={api}
        draft={draft}
        id={board.id}
        loaded={{ content: contentOf(board), etag, version: board.version }}
        newest={stored}
        actions={actions}
        onPanels={setEdited}
        renderTools={(replace) => <ResetMenu api={api} devices={shown.allDevices} onReset={replace} />}
        onSaved={(id) => onOpen(id)}
        onClose={() => onOpen(board.id)}
      />
    );
  }
  return (
    <div className="space-y-4">
      <BoardHeader
        feed={feed}
        board={board}
        etag={etag}
        series={series}
        rangeKey={range.key}
        onRange={onRange}
        switcher={switcher}
        mayEdit={mayEdit}
        mayCreate={can("dashboards.own")}
        api={api}
        mayShare={mayShare}
        isOwner={board.owner === account.id}
        mayEmbed={props.mayEmbed}
        actions={actions}
        onEdit={edit}
        onCopy={() => onOpen("new", { from: `board:${board.id}`, isEditing: true })}
        onKiosk={onKiosk}
        onRemoved={() => {
          forgetBoardDraft(draft);
          onOpen(null);
        }}
        onVersion={setVersion}
      />
      <ConnectionBanner feed={feed} />
      <HistoryNotice feed={feed} />
      {mayEdit && <DraftNotice draft={draft} onEdit={edit} />}
      {shown.error && <LoadError error={shown.error} what={t("theSeries")} onRetry={shown.retry} />}
      {isEditing && !mayEdit && (
        <p
          role="status"
          className="rounded-[7px] bg-warn-soft px-3 py-2 text-ui text-warn"
          data-testid="may-not-edit"
        >
          {t("mayNotEdit")}
        </p>
      )}
      {version !== null ? (
        <VersionView
          {...surroundings}
          api={api}
          board={board}
          etag={etag}
          version={version}
          mayEdit={mayEdit}
          actions={actions}
          onPanels={setOlder}
          onBack={() => setVersion(null)}
        />
      ) : board.panels.length === 0 ? (
        <NoticeState
          icon={LayoutDashboard}
          title={t("empty")}
          role="status"
          className="min-h-[50dvh]"
          action={
            mayEdit && (
              <Button tone="primary" onClick={edit} data-testid="add-first-panel">
                {t("addPanel")}
              </Button>
            )
          }
        >
          {mayEdit ? t("emptyHint") : t("emptyForOthers")}
        </NoticeState>
      ) : (
        !shown.error && (
          <BoardGrid panels={board.panels} {...surroundings} onChoose={mayEdit ? edit : undefined} />
        )
      )}
    </div>
  );
}

/** A dashboard that is not saved yet: empty, or a copy of another one or of a device's overview. */
function NewBoard(props: BoardPageProps) {
  const t = useText();
  const { api, feed, can, account, from, range, onOpen } = props;
  const actions = useBoardActions(api);
  const draft = `${account.id}:new`;
  const [kind, source] = from
    ? [from.slice(0, from.indexOf(":")), from.slice(from.indexOf(":") + 1)]
    : ["", ""];
  const [hasDraft] = useState(() => boardDraft(draft) !== null);
  const copied = useQuery({ ...boardQuery(api, source), enabled: kind === "board" && !hasDraft });
  const [edited, setEdited] = useState<readonly Panel[]>([]);
  const shown = useShown(api, feed, edited, range, true);
  const { seriesById, devices } = shown;
  const client = useQueryClient();
  const isOverview = kind === "device" && !hasDraft;
  const overview = useQuery({ ...overviewSeriesQuery(api, source), enabled: isOverview });
  const members = isOverview ? overview.data : undefined;
  useEffect(() => {
    if (members) rememberSeries(client, members);
  }, [client, members]);
  const empty: BoardContent = { name: t("newName"), shared: false, panels: [] };
  const start = useMemo((): BoardContent | null => {
    if (kind === "board" && !hasDraft) {
      const board = copied.data?.board;
      return board
        ? { name: t("copyOf", { name: board.name }).slice(0, 80), shared: false, panels: board.panels }
        : null;
    }
    if (isOverview) {
      if (!members) return null;
      const name = devices.find(({ id }) => id === source)?.name ?? source;
      return { name: name.slice(0, 80), shared: false, panels: overviewPanels(members, () => nextId()) };
    }
    return { name: t("newName"), shared: false, panels: [] };
  }, [kind, source, hasDraft, copied.data, isOverview, members, devices, t]);

  if (!can("dashboards.own")) {
    return (
      <NoticeState
        icon={LayoutDashboard}
        title={t("mayNotCreate")}
        tone="warn"
        role="alert"
        className="min-h-[50dvh]"
      >
        {t("mayNotCreateHint")}
      </NoticeState>
    );
  }
  const error = copied.error ?? overview.error ?? shown.error;
  const retry = () => {
    shown.retry();
    for (const query of [copied, overview]) if (query.error) void query.refetch();
  };
  if (error && !start) return <LoadError error={error} what={t("theDashboard")} onRetry={retry} />;
  if (!start) return <DashboardSkeleton />;
  const base: Base = { content: empty, etag: null, version: null };
  return (
    <BoardEditor
      api={api}
      feed={feed}
      seriesById={seriesById}
      devices={devices}
      rangeUs={range.us}
      draft={draft}
      id={null}
      loaded={base}
      start={start}
      newest={null}
      actions={actions}
      onPanels={setEdited}
      renderTools={(replace) => <ResetMenu api={api} devices={shown.allDevices} onReset={replace} />}
      onSaved={(id) => onOpen(id)}
      onClose={() => onOpen(null)}
    />
  );
}

/** Loads what the panels need, and selects their series in the feed. */
function useShown(api: ApiClient, feed: Feed, panels: readonly Panel[], range: Range, isEditing: boolean) {
  const devices = useQuery(devicesQuery(api));
  const { byId, query } = useSeriesById(api, allSeriesIds(panels), isEditing);
  const known = useStableDevices(devices.data);
  const ids = allSeriesIds(panels).join();
  const selection = useMemo(
    () => (byId ? feedSelection(panels, byId, known) : null),
    // Panels that only move or change their title show the same series.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [ids, byId, known],
  );
  useEffect(() => {
    if (selection) feed.select({ ...selection, rangeUs: range.us });
  }, [feed, selection, range.us]);
  return {
    seriesById: byId,
    devices: known,
    /** With their states, for a list to choose from. */
    allDevices: devices.data ?? NO_DEVICES,
    error: byId ? null : (query.error ?? (devices.data ? null : devices.error)),
    retry: () => {
      void query.refetch();
      void devices.refetch();
    },
  };
}

const NO_DEVICES: readonly Device[] = [];

/** What panels need of the devices, without what changes all the time: panels must not render for it. */
function useStableDevices(devices: readonly Device[] | undefined): readonly ShownDevice[] {
  const text = JSON.stringify(
    devices?.map(({ id, name, clock_offset_us, clock_suspect }) => ({
      id,
      name,
      clock_offset_us,
      clock_suspect,
    })) ?? [],
  );
  return useMemo(() => JSON.parse(text) as ShownDevice[], [text]);
}

function DraftNotice({ draft, onEdit }: { draft: string; onEdit: () => void }) {
  const t = useText();
  const [hasDraft] = useState(() => boardDraft(draft) !== null);
  if (!hasDraft) return null;
  return (
    <p
      role="status"
      data-testid="has-draft"
      className="flex flex-wrap gap-x-2 rounded-[7px] bg-info-soft px-3 py-2 text-ui text-info"
    >
      {t("hasDraft")}
      <button type="button" className="font-medium underline" onClick={onEdit}>
        {t("continueEditing")}
      </button>
    </p>
  );
}

/** Ids of panels that are made together. They only have to differ within one dashboard. */
function nextId(): string {
  return Math.random().toString(36).slice(2, 12);
}
