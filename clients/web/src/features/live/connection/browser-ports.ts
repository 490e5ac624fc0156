// Connects a live connection to the browser: socket, timers, network state.
import { io } from "socket.io-client";
import { NAMESPACE } from "@/contracts/live";
import type { TokenSource } from "@/lib/api/api-client";
import type { ConnectionPorts, LiveSocket } from "./connection";

const CONNECT_TIMEOUT_MS = 8_000;

/** The ports of a connection to this page's origin. */
export function browserPorts(tokens: TokenSource): ConnectionPorts {
  return {
    tokens,
    openSocket: (auth): LiveSocket =>
      io(NAMESPACE, {
        path: "/socket.io",
        transports: ["websocket"],
        autoConnect: false,
        // LiveConnection reconnects itself, so that the page can show the countdown.
        reconnection: false,
        forceNew: true,
        timeout: CONNECT_TIMEOUT_MS,
        auth,
      }),
    nowMs: () => Date.now(),
    random: Math.random,
    isOnline: () => navigator.onLine,
    after: (ms, work) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
  };
}
