// The page's only session, connected to the browser.
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
  session ??= new Session(browserPorts());
  return session;
}
