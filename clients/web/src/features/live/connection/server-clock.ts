// The gateway's time as seen from here; readings carry server-side times, and this computer's clock may be wrong.

const KEPT = 8;

/** Best estimate of server time from round trips: the shortest of the last few has the smallest error. */
export class ServerClock {
  private readonly trips: { rtt: number; offset: number }[] = [];

  /** `sentMs`, `receivedMs`: this computer's clock around a probe that the server answered with `serverUs`. */
  learn(sentMs: number, receivedMs: number, serverUs: number): void {
    const rtt = receivedMs - sentMs;
    if (rtt < 0) return;
    this.trips.push({ rtt, offset: serverUs / 1_000 - (sentMs + receivedMs) / 2 });
    if (this.trips.length > KEPT) this.trips.shift();
  }

  nowUs(nowMs: number): number {
    let best: { rtt: number; offset: number } | undefined;
    for (const trip of this.trips) if (!best || trip.rtt < best.rtt) best = trip;
    return Math.round((nowMs + (best?.offset ?? 0)) * 1_000);
  }
}
