// The page's only draw scheduler, connected to the browser.
import { DrawScheduler } from "./draw-scheduler";

let scheduler: DrawScheduler | undefined;

export function browserScheduler(): DrawScheduler {
  scheduler ??= new DrawScheduler({
    requestFrame: (work) => requestAnimationFrame(work),
    cancelFrame: (handle) => cancelAnimationFrame(handle),
    nowMs: () => performance.now(),
    isHidden: () => document.hidden,
  });
  return scheduler;
}
