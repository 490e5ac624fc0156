// The session as React state.
import { useSyncExternalStore } from "react";
import type { Session, SessionState } from "./session";

const STARTING: SessionState = { status: "starting" };

export function useSessionState(session: Session): SessionState {
  return useSyncExternalStore(
    session.subscribe,
    () => session.state,
    () => STARTING,
  );
}
