/**
 * A live track slice by slice from the server, at the pace of the stream, without engine and peers: what is played until the
 * engine is there, and instead of it where there is none.
 */
import type { Found } from "./answers";
import type { Edge } from "./edge";
import { now } from "./engine";
import { asFault, codeOf, Fault } from "./fault";
import { liveFrame } from "./flv";
import type { LiveSlice } from "./flv";

/** depth is how many slices are asked for at a time, so that a long way to the server does not limit the rate. */
const depth = 4;
/** ahead is how much more than a player needs is loaded, in ms; keep for how long frames stay for the engine. */
const ahead = 1_500;
const keep = 15_000;

/** leastDelay is how far behind live is played at the least, in ms, by the engine, too: without that there is no time to trade slices in. */
export const leastDelay = 2_000;

type Taken = ReturnType<typeof liveFrame>;

/** PlainClient is told what comes. After ended or failed nothing comes. */
export interface PlainClient {
  deliver(s: LiveSlice & { time: number; duration: number }): void;
  /** ended with source_ended, or source_lost. */
  ended(code: string): void;
  /** failed: the slice cannot be had there any more, or nothing can be had at all. */
  failed(why: Fault): void;
}

/** Plain loads one track from a slice on. */
export class Plain {
  /** frames are the server's answers, newest last. */
  readonly frames: { number: number; frame: Uint8Array; at: number }[] = [];
  /** bytes of payload that came. */
  bytes = 0;
  /** lasted is how much was given out, in ms. */
  lasted = 0;
  private readonly control = new AbortController();
  /** begun is when the first slice was given out. */
  begun = 0;
  private loading = 0; // since when
  private origin = 0; // the first slice's time
  private line: number; // when track time 0 was at the live edge, as far as is known
  private held: Taken[] = [];
  private holding = 0;
  private wake: (() => void) | undefined;
  private drained: (() => void) | undefined;

  constructor(
    private readonly edge: Edge,
    private readonly found: Found,
    private next: number,
    private readonly client: PlainClient,
    readonly first = next,
  ) {
    this.line = found.res.line + found.offset;
    void this.run();
  }

  /** lead is how much a player that began with the first slice has in hand, in ms. */
  get lead(): number {
    return this.begun ? this.lasted - (now() - this.begun) : 0;
  }

  stop(): void {
    this.control.abort();
    clearTimeout(this.holding);
    this.wake?.();
  }

  /** drain asks for nothing more, and calls done when all that is under way is here. */
  drain(done: () => void): void {
    this.drained ??= done;
    this.wake?.();
  }

  private async run(): Promise<void> {
    const { signal } = this.control;
    const under: Promise<Uint8Array>[] = []; // requests under way, in order
    try {
      for (let asked = this.next; ; this.next++) {
        for (; under.length < depth && !this.drained; asked++) {
          const p = this.load(asked);
          p.catch(() => undefined); // it is said when its turn comes
          under.push(p);
        }
        const frame = await under.shift()!;
        if (signal.aborted) return;
        const s = liveFrame(this.found.res.track, this.next, frame);
        this.take(s, frame);
        if (!this.drained) await this.pace(s.time + s.duration);
        if (signal.aborted) return;
        if (under.length === 0 && this.drained) {
          this.drained();
          return;
        }
      }
    } catch (e) {
      if (signal.aborted) return;
      this.stop();
      if (/^source_(ended|lost)$/.test(codeOf(e))) this.client.ended(codeOf(e));
      else this.client.failed(asFault(e, "server_invalid"));
    }
  }

  /** load fetches one slice, and waits until it is cut. */
  private async load(n: number): Promise<Uint8Array> {
    const { signal } = this.control;
    const url = this.edge.slice(this.found.res.slices, this.found.res, n, { wait: 10_000, copies: 0 });
    for (;;) {
      try {
        return await this.edge.bytes(url, signal, 15_000);
      } catch (e) {
        if (signal.aborted || codeOf(e) !== "slice_not_yet") throw e;
      }
    }
  }

  private take(s: Taken, frame: Uint8Array): void {
    const at = now();
    if (!this.loading) {
      this.loading = at;
      this.origin = s.time;
    }
    this.line = Math.min(this.line, s.cut + this.found.offset - s.time - s.duration);
    this.bytes += s.payload.length;
    this.lasted = s.time + s.duration - this.origin;
    this.frames.push({ number: s.number, frame, at });
    while (this.frames.length && at - this.frames[0]!.at > keep) this.frames.shift();
    this.held.push(s);
    this.giveOut();
  }

  /** giveOut gives out what came, once it is leastDelay behind live: a source that begins with a burst is soon. */
  private giveOut(): void {
    const early = this.begun ? 0 : leastDelay - (now() - this.line - this.origin);
    clearTimeout(this.holding);
    if (early > 0) {
      this.holding = window.setTimeout(() => this.giveOut(), early);
      return;
    }
    this.begun ||= now();
    for (const s of this.held.splice(0)) this.client.deliver(s);
  }

  /** pace waits until a player that began with the first slice needs what comes after a track time. */
  private pace(time: number): Promise<void> {
    const early = time - this.origin - ahead - (now() - this.loading);
    if (early <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, early);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** startOf returns the group that a viewer begins with, as the engine chooses it: the newest that is the delay behind live. */
export function startOf(found: Found, delay: number): number {
  const { groups, line } = found.res;
  let at = groups[0]!;
  for (const g of groups) if (g.time <= now() - (line + found.offset) - delay) at = g;
  return at.number;
}
