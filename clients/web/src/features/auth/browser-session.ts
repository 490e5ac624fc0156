// The page's only session, connected to the browser.
import { forgetTabDrafts } from "@/lib/forms/drafts";
import { Session, type SessionPorts } from "./session";

const LOCK = "pulse-refresh";

function browserPorts(): SessionPorts {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("pulse-session");
  return {
    now: () => Date.now(),
    exclusively: (work) => {
      // Locks need https. Without them, the grace period of auth for rotated tokens covers concurrent refreshes.
      if (!("locks" in navigator)) return work();
      return navigator.locks.request(LOCK, work);
    },
    signOutChannel: {
      announce: () => channel?.postMessage("signed-out"),
      listen: (listener) => channel?.addEventListener("message", listener),
    },
    after: (ms, work) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
  };
}

let session: Session | undefined;

/** The session of this page. Call it in the browser only. */
export function browserSession(): Session {
  if (session) return session;
  const made = new Session(browserPorts());
  session = made;
  made.subscribe(() => {
    // An ended session keeps its drafts: the person signs in again. A sign-out has no reason.
    if (made.state.status === "signed-out" && made.state.reason === undefined)
      forgetTabDrafts(globalThis.sessionStorage ?? null);
  });
  return made;
}
