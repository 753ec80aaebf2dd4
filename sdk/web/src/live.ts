/** A live stream as FLV: the first second from the server, then the engine, and the server again if the engine is lost. */
import type { Found } from "./answers";
import type { Client } from "./client";
import { delayOf } from "./config";
import type { Config } from "./config";
import type { Edge } from "./edge";
import type { Engine } from "./engine";
import { now } from "./engine";
import { codeOf, Fault } from "./fault";
import { Joiner } from "./flv";
import type { LiveSlice } from "./flv";
import { leastDelay, Plain, startOf } from "./plain";
import type { Live } from "./source";
import { Viewer } from "./viewer";

const sweepEvery = 250;
const askAfter = 2_000;
const askEvery = 3_000;
/** lingerFor is how long a viewer whose stream has ended stays for others who still lack the end of it, in ms. */
const lingerFor = 10_000;
/** inHand is how much is given out before the engine goes on, in ms, if it comes within handOverWithin. */
const inHand = 1_000;
const handOverWithin = 3_000;
/** engineAhead is how much a player has in hand before the engine is loaded, in ms, if it comes within engineWithin: it is large, and
 * would have the first picture wait. */
const engineAhead = 1_000;
const engineWithin = 2_500;
/** maxWaiting is how much may wait for a reader that does not read before all of it is dropped, in bytes. */
const maxWaiting = 32 << 20;

/** LiveViewer is a Live. */
export class LiveViewer extends Viewer implements Live {
  readonly kind = "live" as const;
  private joiner = new Joiner();
  private early: Plain | undefined;
  private plainBytes = 0;
  private queue: Uint8Array[] = [];
  private queued = 0;
  private reader: { resolve: (b: Uint8Array | undefined) => void; reject: (e: unknown) => void } | undefined;
  private finished: Fault | true | undefined;
  private clock = 0; // when a player that began with the first bytes and never pauses plays timestamp 0
  private stalledAt = 0;
  private stallCount = 0;
  private stallTime = 0;
  private dryTimer = 0;
  private interrupted = false;
  private asked = 0;
  private readonly sweeper: number;
  private readonly delay: number;

  /** core loads the engine; where it fails the stream is played without peers. */
  constructor(edge: Edge, target: string, found: Found, cfg: Config, private core: (() => Promise<Engine>) | undefined, opened: number) {
    super(edge, target, found, cfg);
    this.opened = opened;
    this.delay = delayOf(cfg) || 6_000;
    this.tracks = 1;
    if (cfg.early !== false && !found.res.crowd) this.playPlain(startOf(found, this.delay));
    else this.loadEngine();
    this.sweeper = window.setInterval(() => this.sweep(), sweepEvery);
  }

  read(): Promise<Uint8Array | undefined> {
    const next = this.queue.shift();
    if (next) {
      this.queued -= next.length;
      return Promise.resolve(next);
    }
    if (this.finished === true) return Promise.resolve(undefined);
    if (this.finished) return Promise.reject(this.finished);
    return new Promise((resolve, reject) => {
      this.reader?.reject(new Fault("closed", "somebody else reads"));
      this.reader = { resolve, reject };
    });
  }

  get onTag(): Joiner["onTag"] {
    return this.joiner.onTag;
  }

  set onTag(f: Joiner["onTag"]) {
    this.joiner.onTag = f;
  }

  protected override plain(): number {
    return this.plainBytes + (this.early?.bytes ?? 0);
  }

  /** loadEngine loads it, once. */
  private loadEngine(): void {
    const { core } = this;
    this.core = undefined;
    core?.().then(
      (e) => {
        this.engine = e;
        this.handOver();
      },
      (why: unknown) => this.withoutEngine(why),
    );
  }

  // Without an engine.

  /** ageOf returns how far behind the live edge a group was at a time, in ms; the delay if it is of no group that is known. */
  private ageOf(group: number, at: number): number {
    const { line, groups } = this.found.res;
    const g = groups.find(({ number }) => number === group);
    return g ? at - (line + this.found.offset) - g.time : this.delay;
  }

  private playPlain(from: number): void {
    this.early = new Plain(this.edge, this.found, from, {
      deliver: (s) => {
        this.heard("");
        this.deliver(s);
        this.resumed();
        if (this.early && this.early.lead >= engineAhead) this.loadEngine();
        this.handOver();
      },
      ended: (code) => {
        this.heard(code);
        this.ended();
      },
      failed: (why) => {
        this.heard(why.code);
        this.loadEngine();
        this.stopPlain();
        if (!this.session) this.relocate();
      },
    });
  }

  private stopPlain(): Plain | undefined {
    const p = this.early;
    if (!p) return undefined;
    this.early = undefined;
    this.plainBytes += p.bytes;
    p.stop();
    return p;
  }

  private withoutEngine(why: unknown): void {
    if (this.over) return;
    console.warn("superp2p: played without peers:", why);
    this.engine = undefined;
    this.goOn();
  }

  /** goOn plays from the server what comes after what was played last. */
  private goOn(): void {
    if (this.early || this.finished) return;
    const next = this.joiner.expects(this.found.res.track);
    this.playPlain(next >= 0 ? next : startOf(this.found, this.delay));
  }

  // With one.

  /** handOver has the engine go on where plain loading came to, when both are ready for that. */
  private handOver(): void {
    const { early } = this;
    if (!this.engine || this.session || this.over || this.finished || this.suspended) return;
    // An engine that begins with less in hand runs dry at once where slices take their time.
    if (early && early.lasted < inHand && now() - this.opened < handOverWithin) return;
    if (early) early.drain(() => this.begin(this.found, this.stopPlain()));
    else this.begin(this.found);
  }

  /** begin has the engine play, from where plain loading came to. */
  private begin(found: Found, before?: Plain): void {
    const client: Client = {
      deliver: (s) => this.deliver(s),
      started: () => this.resumed(),
      stalled: () => this.runDry(),
      resumed: () => this.resumed(),
      ended: () => this.ended(),
      lost: () => this.relocate(),
      heard: (code) => this.heard(code),
      dead: (why) => {
        this.leave();
        this.trapped();
        this.withoutEngine(why);
      },
    };
    const newest = before?.frames[before.frames.length - 1]?.number;
    const at = newest === undefined ? found : upTo(found, newest);
    // The player goes on while the engine is being loaded: it has less in hand than was given out.
    const since = before?.begun ? Math.max(before.begun, now() - handOverWithin) : undefined;
    try {
      // What follows is due as the player comes to it, which in a young stream is less behind live than was asked for.
      const behind = before?.frames.length ? Math.max(leastDelay, Math.min(this.delay, this.ageOf(before.first, this.clock))) : this.delay;
      const s = this.enter(this.engine!, at, client, { ...this.cfg, delay: behind / 1000 }, since);
      for (const f of before?.frames ?? []) s.restore(f.number, f.frame);
      s.go();
    } catch (why) {
      this.withoutEngine(why);
    }
  }

  // What both bring.

  private deliver(s: LiveSlice): void {
    if (this.finished) return;
    this.arrived = now();
    let flv: Uint8Array;
    try {
      flv = this.joiner.push(s);
    } catch (e) {
      console.warn("superp2p: a slice cannot be played", e);
      return;
    }
    if (flv.length === 0) return;
    if (!this.startedAfter) this.clock = now();
    this.began();
    if (this.reader) {
      this.reader.resolve(flv);
      this.reader = undefined;
      return;
    }
    if (this.queued > maxWaiting) {
      this.queue = [];
      this.queued = 0;
      this.joiner.skip();
      return;
    }
    this.queue.push(flv);
    this.queued += flv.length;
  }

  /** runDry is told that nothing more is here. Who plays has perhaps more in hand than the engine thinks. */
  private runDry(): void {
    clearTimeout(this.dryTimer);
    if (this.stalledAt || !this.startedAfter || this.finished) return;
    const left = this.clock + this.joiner.time - now();
    if (left > 0) {
      this.dryTimer = window.setTimeout(() => this.runDry(), left);
      return;
    }
    this.stalledAt = now();
    this.stallCount++;
    this.emit("NetStream.Buffer.Empty");
  }

  private resumed(): void {
    clearTimeout(this.dryTimer);
    if (!this.stalledAt) return;
    const lasted = now() - this.stalledAt;
    this.clock += lasted;
    this.stallTime += lasted;
    this.stalledAt = 0;
    if (this.interrupted) this.published();
    this.emit("NetStream.Buffer.Full");
  }

  override stats(): ReturnType<Viewer["stats"]> {
    const s = super.stats();
    s.stalls = this.stallCount;
    s.stall = Math.round(this.stallTime + (this.stalledAt ? now() - this.stalledAt : 0));
    return s;
  }

  private ended(): void {
    if (this.finished || this.lostSource()) return;
    this.emit("NetStream.Buffer.Flush");
    this.emit("NetStream.Play.Stop", "the stream is over");
    this.finish(true);
    setTimeout(() => this.close(), lingerFor);
  }

  private finish(how: Fault | true): void {
    if (this.finished) return;
    this.finished = how;
    clearInterval(this.sweeper);
    clearTimeout(this.dryTimer);
    this.stopPlain();
    if (how === true) this.reader?.resolve(undefined);
    else this.reader?.reject(how);
    this.reader = undefined;
  }

  protected override shut(why: Fault): void {
    this.finish(why);
    super.shut(why);
  }

  // Recovery, as in internal/peer/recovery.go.

  private sweep(): void {
    const t = now();
    if (t - this.opened >= engineWithin) this.loadEngine();
    this.handOver();
    if (!this.startedAfter) {
      if (t - this.opened >= 1000 * (this.cfg.startTimeout ?? 10)) {
        this.fail(this.failure("the server knows the stream, and nothing playable of it arrived in time"));
      }
      return;
    }
    // Slices arrive in time or not at all: without an engine nobody else says that playback stalls.
    if (this.early && t - this.arrived > 2_500) this.runDry();
    if (t - this.arrived >= 1000 * (this.cfg.stallTimeout ?? 20) && (!this.interrupted || this.away)) {
      this.fail(this.failure("nothing more of the stream arrives, from peers or the server"));
      return;
    }
    if (this.stalledAt && t - this.stalledAt >= askAfter && t - this.asked >= askEvery) void this.askWhy();
  }

  /** askWhy asks the server how the track is while playback stalls. */
  private async askWhy(): Promise<void> {
    this.asked = Infinity;
    try {
      const { state } = await this.askLive();
      if (!this.stalledAt || this.finished) return;
      if (state === "interrupted" && !this.interrupted) {
        this.interrupted = true;
        this.emit("NetStream.Play.UnpublishNotify", "the source is away; the server tries to get it back");
      } else if (state === "live" && this.interrupted) {
        this.published();
      } else if (state === "live" && now() - this.arrived > 500 * (this.cfg.stallTimeout ?? 20)) {
        this.relocate();
      }
    } catch (e) {
      if (codeOf(e) === "track_unknown") this.relocate();
    } finally {
      this.asked = now();
    }
  }

  private published(): void {
    this.interrupted = false;
    this.arrived = now();
    this.emit("NetStream.Play.PublishNotify", "the source is back");
  }

  protected override suspend(): void {
    super.suspend();
    this.stopPlain();
  }

  protected override sourceEnded(): boolean {
    if (!this.stalledAt) return false;
    this.ended();
    return true;
  }

  protected override take(found: Found): void {
    if (this.finished) return;
    const other = found.res.track !== this.found.res.track;
    if (found.res.file || found.res.playlist) {
      this.fail(new Fault("source_changed", "what is played has changed at the origin; play it again"));
      return;
    }
    this.found = found;
    if (other) {
      this.tracks++;
      this.runDry(); // until the first slice of the other track is there
      this.emit("NetStream.MulticastStream.Reset", "the stream goes on as another track");
      this.stopPlain();
      this.leave();
    }
    if (this.session) this.session.reposition(found);
    else if (this.early && this.engine) this.handOver();
    else if (this.engine) this.begin(found);
    else {
      this.stopPlain();
      const { groups } = found.res;
      const next = this.joiner.expects(found.res.track);
      this.playPlain(next >= found.res.first ? next : groups[0]!.number);
    }
  }
}

/** upTo is what was found without the groups that begin after a slice, so that the engine begins where the page did. */
function upTo(found: Found, newest: number): Found {
  const groups = found.res.groups.filter((g, i) => i === 0 || g.number <= newest);
  return { ...found, res: { ...found.res, groups } };
}

/** mayBeLive tells whether a target may be a live stream, which says itself when it wants the engine: its first picture is first. */
export function mayBeLive(target: string): boolean {
  return !/^https?:\/\//.test(target) || /\.flv($|[?#])/i.test(target);
}
