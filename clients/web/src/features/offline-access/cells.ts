// The state of one account at one collector. Pure functions.
import { pageTexts } from "@/i18n/page-texts";
import { pageLocale } from "@/lib/texts/page-locale";
import type { MirrorDetail, MirroredAccount } from "@/contracts/http";

export const CELL_STATES = [
  "up-to-date",
  "on-its-way",
  "no-verifier",
  "end-unconfirmed",
  "ended",
  "none",
] as const;

/** The texts are in `offline-access.cells`. */
export type CellState = (typeof CELL_STATES)[number];

export function cellState(entry: MirroredAccount | undefined): CellState {
  if (!entry) return "none";
  if (entry.state === "revoked") return entry.is_acknowledged ? "ended" : "end-unconfirmed";
  if (!entry.is_acknowledged) return "on-its-way";
  return entry.has_verifier ? "up-to-date" : "no-verifier";
}

export type MatrixRow = {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly role: MirroredAccount["role"];
  /** By collector. */
  readonly cells: Readonly<Record<string, CellState>>;
};

/** One row for each account of any of the mirrors, by name. */
export function matrixOf(mirrors: readonly MirrorDetail[]): MatrixRow[] {
  const t = pageTexts("offline-access");
  const rows = new Map<string, { entry: MirroredAccount; cells: Record<string, CellState> }>();
  for (const mirror of mirrors) {
    for (const entry of mirror.accounts) {
      const row = rows.get(entry.account) ?? { entry, cells: {} };
      row.cells[mirror.device] = cellState(entry);
      rows.set(entry.account, row);
    }
  }
  return [...rows.values()]
    .map(({ entry, cells }) => ({
      id: entry.account,
      name: entry.name ?? t("deletedAccount"),
      email: entry.email,
      role: entry.role,
      cells,
    }))
    .sort((a, b) => a.name.localeCompare(b.name, pageLocale()) || a.id.localeCompare(b.id));
}

/** The changes of a mirror that its collector has not acknowledged, oldest first. */
export function pendingOf({ accounts }: MirrorDetail): MirroredAccount[] {
  return accounts
    .filter(({ is_acknowledged }) => !is_acknowledged)
    .sort((a, b) => Date.parse(a.changed) - Date.parse(b.changed));
}
