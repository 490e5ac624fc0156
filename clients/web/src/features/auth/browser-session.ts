// The page's one session, joined to the real browser.
import { Session, type SessionPorts } from "./session";

const LOCK = "pulse-refresh";

function browserPorts(): SessionPorts {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("pulse-session");
  return {
    now: () => Date.now(),
    exclusively: (work) => {
      // Locks exist on secure origins only; elsewhere the service's grace period for rotated tokens has to do.
      if (!("locks" in navigator)) return work();
      return navigator.locks.request(LOCK, work);
    },
    signOutChannel: {
      announce: () => channel?.postMessage("signed-out"),
      listen: (heard) => channel?.addEventListener("message", heard),
    },
    after: (ms, work) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
  };
}

let session: Session | undefined;

/** The session of this page; made on first use. Only to be called in the browser. */
export function browserSession(): Session {
  session ??= new Session(browserPorts());
  return session;
}
