// Estimates the gateway's time, because the clock of this computer may be wrong.

const KEPT_TRIPS = 8;

/** Estimates the server's time from round trips. The shortest of the last few has the smallest error. */
export class ServerClock {
  private readonly trips: { rtt: number; offset: number }[] = [];

  /** Adds a probe: sent and received by this computer's clock, and answered with the server's time. */
  addTrip(sentMs: number, receivedMs: number, serverUs: number): void {
    const rtt = receivedMs - sentMs;
    if (rtt < 0) return;
    this.trips.push({ rtt, offset: serverUs / 1_000 - (sentMs + receivedMs) / 2 });
    if (this.trips.length > KEPT_TRIPS) this.trips.shift();
  }

  nowUs(nowMs: number): number {
    let best: { rtt: number; offset: number } | undefined;
    for (const trip of this.trips) if (!best || trip.rtt < best.rtt) best = trip;
    return Math.round((nowMs + (best?.offset ?? 0)) * 1_000);
  }
}
