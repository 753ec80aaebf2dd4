/** What viewers of all kinds share: telling events, resolving, why something fails, and sums over the tracks played. */
import type { Found, Live } from "./answers";
import type { Client, Neighbour } from "./client";
import type { Config } from "./config";
import { newSelf } from "./config";
import { Edge, unreachable } from "./edge";
import type { Engine } from "./engine";
import { now } from "./engine";
import { dear, limitOf, whenDear } from "./fair";
import { asFault, codeOf, ended, Fault, safely } from "./fault";
import { StatNames } from "./kinds";
import { Session } from "./session";
import type { Happened, Peer, Stats } from "./source";

const minPause = 100;
const maxPause = 4_000;
const eventBuffer = 64;
/** relocateGap is the least time between two relocations, in ms. */
const relocateGap = 1_000;

/** trapPause is how long after its engine trapped a viewer does without, where the next one trapped, too, in ms. */
const trapPause = 60_000;

/** Counts that are of now, and not summed over tracks. */
const momentary = new Set(["peers", "delay", "buffered", "position"]);

/** wait returns after so many ms, or throws when signal is given up. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(ended(signal));
      return;
    }
    const give = (): void => {
      clearTimeout(timer);
      reject(ended(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", give);
      resolve();
    }, ms);
    signal.addEventListener("abort", give, { once: true });
  });
}

/** resolve asks until the server answers, whatever it answers, for so many ms. */
export async function resolve(edge: Edge, target: string, within: number, signal: AbortSignal): Promise<Found> {
  const until = now() + within;
  for (let pause = minPause; ; pause = Math.min(2 * pause, maxPause)) {
    try {
      return await edge.resolve(target, signal);
    } catch (e) {
      const code = codeOf(e);
      if (signal.aborted || (code !== "server_unreachable" && code !== "closed") || now() + pause > until) throw e;
    }
    await wait(pause / 2 + Math.random() * pause, signal);
  }
}

/** Viewer is the part that all kinds have. */
export abstract class Viewer {
  readonly stream: string;
  protected readonly control = new AbortController();
  protected readonly self = newSelf();
  protected session: Session | undefined;
  protected engine: Engine | undefined;
  protected opened = now();
  protected startedAfter = 0;
  protected over = false;
  protected tracks = 0;
  protected originBytes = 0;
  /** when something came last, and when the server answered and did not answer last */
  protected arrived = now();
  private heardAt = now();
  private downAt = 0;
  /** lost: the stream ends because its source was lost. */
  private lost = false;
  private said: Fault | undefined; // by the server, of where the stream is
  private past: Partial<Stats> = {};
  private relocating = false;
  private relocated = 0;
  protected suspended = false;
  private trappedAt = -Infinity;
  private successor: Engine | undefined;
  private uploads: boolean;
  private downloads: boolean;
  private waiting: Happened[] = [];
  private listener: ((e: Happened) => void) | undefined;

  protected constructor(
    protected readonly edge: Edge,
    protected readonly target: string,
    protected found: Found,
    protected readonly cfg: Config,
  ) {
    this.stream = found.res.stream;
    this.uploads = limitOf(cfg) >= 0;
    this.downloads = cfg.download !== false;
    whenDear(() => this.session?.setUpload(this.uploading), this.control.signal);
    window.addEventListener("pagehide", this.hide);
    window.addEventListener("pageshow", this.show);
  }

  /** hide leaves the swarm at once: the page goes, or is kept for a return. */
  private readonly hide = (): void => {
    this.suspended = true;
    this.suspend();
  };

  /** show goes on where a page is shown again that was kept (the back/forward cache). */
  private readonly show = (): void => {
    if (!this.suspended || this.over) return;
    this.suspended = false;
    this.arrived = now();
    this.relocate();
  };

  /** suspend ends all that goes on. What was found anew begins it again. A page that has a connection left is not kept. */
  protected suspend(): void {
    this.leave(true);
  }

  get onevent(): ((e: Happened) => void) | undefined {
    return this.listener;
  }

  set onevent(listen: ((e: Happened) => void) | undefined) {
    this.listener = listen;
    if (listen) for (const e of this.waiting.splice(0)) safely(listen, e);
  }

  protected emit(code: Happened["code"], description = "", fault?: Fault): void {
    if (this.over) return;
    const e: Happened = { code, level: fault ? "error" : "status", description, ...(fault ? { fault } : {}) };
    if (this.listener) safely(this.listener, e);
    else if (this.waiting.push(e) > eventBuffer) this.waiting.shift();
  }

  /** began says once that something can be played. */
  protected began(): void {
    if (this.startedAfter || this.over) return;
    this.startedAfter = Math.max(1, now() - this.opened);
    this.emit("NetStream.Play.Start");
    this.emit("NetStream.Buffer.Full");
  }

  /** fail ends the play for a reason that nobody can hide. */
  protected fail(why: Fault): void {
    if (this.over) return;
    this.emit("NetStream.Play.Failed", why.message, why);
    this.shut(why);
  }

  /** failure returns the reason of a failure: that the server is away, or otherwise. */
  protected failure(otherwise: string): Fault {
    if (this.said) return this.said;
    if (this.downAt > this.heardAt) {
      return new Fault("server_unreachable", `the superp2p server ${this.edge.server} went away, and peers have nothing more of it`);
    }
    return new Fault("nothing_playable", otherwise);
  }

  /** lostSource fails what has come to its end because its source was lost, and tells whether that is so. */
  protected lostSource(): boolean {
    if (this.lost) this.fail(new Fault("source_lost", "the source was lost and has not come back; play it again when it has"));
    return this.lost;
  }

  /** heard takes note of how a request to the server went; "" is well. */
  protected heard(code: string): void {
    if (code === "source_lost" || code === "source_ended") this.lost = code === "source_lost";
    if (unreachable(code)) this.downAt = now();
    else this.heardAt = now();
  }

  protected get away(): boolean {
    return this.downAt > this.heardAt;
  }

  /** ask asks the server something and takes note of how it went. */
  protected async ask<T>(request: Promise<T>): Promise<T> {
    try {
      const got = await request;
      this.heard("");
      return got;
    } catch (e) {
      if (!this.control.signal.aborted) this.heard(codeOf(e) || "internal");
      throw asFault(e);
    }
  }

  /** askLive asks the server how the track is. */
  protected askLive(): Promise<Live> {
    return this.ask(this.edge.live(this.found.res.track, this.control.signal));
  }

  /** relocate asks anew where the stream is, until it is known or the viewer gives up. */
  protected relocate(): void {
    if (this.relocating || this.over) return;
    this.relocating = true;
    void this.lookAgain().finally(() => {
      this.relocating = false;
      this.relocated = now();
    });
  }

  /** trapped has a new engine take over from one that trapped, unless that has just happened. */
  protected trapped(): void {
    const { engine } = this;
    if (this.over || now() - this.trappedAt < trapPause) return;
    this.trappedAt = now();
    engine?.again?.().then(
      (e) => {
        this.successor = e;
        this.relocate();
      },
      () => undefined, // played without
    );
  }

  /** take goes on with what was found. */
  protected abstract take(found: Found): void;

  /** sourceEnded is told that the stream is over, and whether there is no more to look for. */
  protected sourceEnded(): boolean {
    return false;
  }

  private async lookAgain(): Promise<void> {
    const { signal } = this.control;
    try {
      await wait(Math.max(0, this.relocated + relocateGap - now()), signal);
      for (let pause = 200; ; pause = Math.min(2 * pause, maxPause)) {
        let found: Found | undefined;
        try {
          found = await this.ask(this.edge.resolve(this.target, signal));
        } catch (e) {
          this.said = unreachable(codeOf(e)) ? undefined : asFault(e);
          if (/^source_(ended|lost)$/.test(codeOf(e)) && this.sourceEnded()) return;
        }
        if (found) {
          this.said = undefined;
          if (this.successor && !this.session) this.engine = this.successor;
          this.successor = undefined;
          this.take(found);
          return;
        }
        await wait(pause / 2 + Math.random() * pause, signal);
      }
    } catch (e) {
      if (!signal.aborted) this.fail(asFault(e));
    }
  }

  /** enter makes the session of what was found. */
  protected enter(engine: Engine, found: Found, client: Client, cfg = this.cfg, since?: number): Session {
    const sharing = { upload: this.uploading, download: this.downloads };
    return (this.session = new Session(engine, this.edge, found, cfg, this.self, client, sharing, since));
  }

  /** leave ends the session, and keeps what it counted. */
  protected leave(atOnce = false): void {
    const s = this.session;
    if (!s) return;
    this.past = this.sum(s);
    this.session = undefined;
    s.close(atOnce);
  }

  /** neighbours are the peers that are connected. */
  neighbours(): Neighbour[] {
    return this.session?.neighbours() ?? [];
  }

  /** refuse ends the link to a neighbour, by its id. */
  refuse(id: string): void {
    this.session?.refuse(id);
  }

  setUpload(on: boolean): void {
    this.uploads = on;
    this.session?.setUpload(this.uploading);
  }

  private get uploading(): boolean {
    return this.uploads && !dear(this.cfg);
  }

  setDownload(on: boolean): void {
    if (on === this.downloads) return;
    this.downloads = on;
    this.session?.setDownload(on);
  }

  peers(): Peer[] {
    return this.session?.peers() ?? [];
  }

  stats(): Stats {
    const s = { ...Object.fromEntries(StatNames.map((n) => [n, 0])), ...this.sum(this.session) } as Stats;
    s.plainBytes = this.plain();
    s.originBytes = this.originBytes;
    s.serverBytes += s.plainBytes;
    s.requests = this.edge.traffic.requests;
    s.start = this.startedAfter;
    s.tracks = this.tracks;
    s.memory = this.engine?.memory ?? 0;
    return s;
  }

  /** plain is how many bytes came without an engine. */
  protected plain(): number {
    return 0;
  }

  private sum(s: Session | undefined): Partial<Stats> {
    if (!s) return Object.fromEntries(Object.entries(this.past).filter(([name]) => !momentary.has(name)));
    const { counts, swarm, links, tracker } = s.stats();
    const out: Partial<Stats> = { ...counts, swarmSize: swarm, links, trackerBytes: tracker };
    for (const name of [...StatNames, "links", "trackerBytes"] as const) {
      if (!momentary.has(name)) out[name] = (out[name] ?? 0) + (this.past[name] ?? 0);
    }
    return out;
  }

  close(): void {
    this.shut(new Fault("closed", "it was closed meanwhile; play it again"));
  }

  /** shut takes everything down. */
  protected shut(why: Fault): void {
    if (this.over) return;
    this.over = true;
    window.removeEventListener("pagehide", this.hide);
    window.removeEventListener("pageshow", this.show);
    this.leave();
    this.control.abort(why);
    this.listener = undefined;
  }
}
