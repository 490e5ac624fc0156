"use client";
// Puts the search into the top bar of signed-in pages.
import { useMemo, useState, type ReactNode } from "react";
import { ShellSearchProvider, type ShellSearch } from "@/components/shell-search";
import type { Session, SignedInState } from "@/features/auth/session";
import { Palette } from "@/features/palette/palette";
import { createApiClient } from "@/lib/api/api-client";
import { sessionCan } from "@/lib/permissions";

type ShellPaletteProps = { session: Session; state: SignedInState; children: ReactNode };

export function ShellPalette({ session, state, children }: ShellPaletteProps) {
  const [api] = useState(() => createApiClient(session));
  const search = useMemo<ShellSearch>(() => {
    const can = sessionCan(state);
    const accountId = state.account.id;
    return function renderPalette(onHelp) {
      // Another account gets a new search, without the entries of this one.
      return <Palette key={accountId} {...{ api, accountId, can, session, onHelp }} />;
    };
  }, [api, session, state]);
  return <ShellSearchProvider value={search}>{children}</ShellSearchProvider>;
}
