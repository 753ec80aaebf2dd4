/** Counting what comes in: NetStreamInfo's figures. */
import type { Kind } from "./pipeline";

/** window is the time that rates are of, in ms; entry how finely it is kept. */
const window = 3_000;
const entry = 250;

/** Rate is bytes a second over the last seconds. */
class Rate {
  private readonly entries: { at: number; bytes: number }[] = [];

  add(bytes: number, t: number): void {
    const last = this.entries[this.entries.length - 1];
    if (last && t - last.at < entry) last.bytes += bytes;
    else this.entries.push({ at: t, bytes });
    this.drop(t);
  }

  at(t: number): number {
    this.drop(t);
    const first = this.entries[0];
    if (!first) return 0;
    return (1000 * this.entries.reduce((sum, e) => sum + e.bytes, 0)) / Math.max(1000, t - first.at);
  }

  private drop(t: number): void {
    while (this.entries[0] && t - this.entries[0].at > window) this.entries.shift();
  }
}

const kinds: Kind[] = ["audio", "video", "data"];

/** Meter counts by kind, and keeps what is held ahead of the playhead. */
export class Meter {
  readonly count: Record<Kind, number> = { audio: 0, video: 0, data: 0 };
  private readonly rates: Record<Kind, Rate> = { audio: new Rate(), video: new Rate(), data: new Rate() };
  private readonly held: Record<Kind, { time: number; bytes: number }[]> = { audio: [], video: [], data: [] };
  private most = 0;

  add(kind: Kind, bytes: number, time: number): void {
    const t = performance.now();
    this.count[kind] += bytes;
    this.rates[kind].add(bytes, t);
    const list = this.held[kind];
    list.push({ time, bytes });
    if (list.length > 20_000) list.splice(0, 10_000);
    if (this.total > 0) this.most = Math.max(this.most, this.rate(t));
  }

  get total(): number {
    return this.count.audio + this.count.video + this.count.data;
  }

  rateOf(kind: Kind): number {
    return this.rates[kind].at(performance.now());
  }

  rate(t = performance.now()): number {
    return kinds.reduce((sum, k) => sum + this.rates[k].at(t), 0);
  }

  get max(): number {
    return this.most;
  }

  /** bytesAhead returns how many bytes of a kind are held ahead of a time. */
  bytesAhead(kind: Kind, time: number): number {
    const list = this.held[kind];
    const i = list.findIndex((e) => e.time >= time);
    if (i > 0) list.splice(0, i);
    return i < 0 ? 0 : list.reduce((sum, e) => sum + e.bytes, 0);
  }

  /** lengthAhead returns how long what is held of a kind lasts, in seconds. */
  lengthAhead(kind: Kind, time: number): number {
    const list = this.held[kind];
    const last = list[list.length - 1];
    return last ? Math.max(0, last.time - time) : 0;
  }

  /** playRate returns the rate of what is held, in bytes a second of playing. */
  playRate(time: number): number {
    let bytes = 0;
    let length = 0;
    for (const k of kinds) {
      bytes += this.bytesAhead(k, time);
      length = Math.max(length, this.lengthAhead(k, time));
    }
    return length > 0.2 ? bytes / length : 0;
  }
}
