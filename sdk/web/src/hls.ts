/** An HLS playlist: the playlist itself, and its segments from peers, the viewer's own URL and the server. */
import type { Found, PlaylistInfo } from "./answers";
import type { Client } from "./client";
import type { Config } from "./config";
import { delayOf } from "./config";
import type { Edge } from "./edge";
import { limited } from "./edge";
import type { Engine } from "./engine";
import { now } from "./engine";
import { asFault, ended, Fault } from "./fault";
import { join } from "./flv";
import { Reason } from "./kinds";
import { LiveOrigin } from "./liveorigin";
import { Origin, readRange } from "./origin";
import { keyOf, parsePlaylist, whole } from "./playlist";
import type { Listed } from "./playlist";
import { elsewhere, Reading } from "./reading";
import { LiveSegments } from "./segments";
import { askServer } from "./ask";
import type { ByteRange, Segments } from "./source";
import { Viewer, wait } from "./viewer";

const sweepEvery = 250;
const ownTimeout = 6_000;
/** ownPause is how long the viewer's own URL is left alone after the playlist could not be had there, in ms. */
const ownPause = 10_000;
/** vodPatience is for how long a segment may wait while nothing arrives, before its own URL is asked, in ms. */
const vodPatience = 5_000;
/** vodInHand is how much of a complete playlist a player gets as fast as it comes after each jump, in ms. */
const vodInHand = 10_000;
/** rounding is by how much a duration may differ from that between two times in whole ms. */
const rounding = 2;
const lingerFor = 10_000;
/** engineTime is how long a segment that is not the first waits for the engine, in ms. */
const engineTime = 2_000;
/** loadShared is how long a load of the playlist serves those who look for a segment, in ms. */
const loadShared = 300;
const maxListed = 2_000;

/** HLSViewer is a Segments. */
export class HLSViewer extends Viewer implements Segments {
  readonly kind = "hls" as const;
  readonly live: boolean;
  private readonly about: PlaylistInfo;
  private readonly ownURL: string;
  private ownAt = 0;
  private loaded = 0; // when the playlist was loaded last
  private readonly listed = new Map<string, Listed>(); // by URL and range
  private readonly bySequence = new Map<number, Listed>();
  private readonly seen = new Map<number, number>(); // when it was listed first
  private readonly segments: LiveSegments;
  private readonly reading = new Reading();
  private origin: Origin | undefined;
  private liveOrigin: LiveOrigin | undefined;
  private readonly patience: number;
  private jumped = 0; // the segment of a complete playlist that reading went on from last
  private next = -1;
  private stopped = false;
  private readonly sweeper: number;

  constructor(edge: Edge, target: string, found: Found, cfg: Config, private readonly loading: Promise<Engine>, opened: number) {
    super(edge, target, found, cfg);
    this.opened = opened;
    this.tracks = 1;
    this.about = found.res.playlist!;
    this.live = this.about.kind === "live";
    this.ownURL = /^https?:\/\//.test(target) ? target : "";
    const target2 = 2 * this.about.target!;
    const delay = delayOf(cfg) || Math.min(30_000, Math.max(6_000, target2 - 500));
    this.patience = Math.max(1_000, Math.min(delay, target2) - 1_000);
    this.segments = new LiveSegments((n, head) => this.liveOrigin?.learn(n, head));
    loading.then(
      (e) => this.begin(e, this.found),
      (why: unknown) => this.withoutEngine(why),
    );
    this.sweeper = window.setInterval(() => this.sweep(), sweepEvery);
  }

  async playlist(query = "", signal = this.control.signal): Promise<{ url: string; text: string }> {
    const add = (url: string): string => (query ? url + (url.includes("?") ? "&" : "?") + query : url);
    let failed: unknown;
    if (this.ownURL && now() >= this.ownAt) {
      try {
        return this.listedIn(await readText(add(this.ownURL), signal));
      } catch (e) {
        if (signal.aborted) throw e;
        failed = e;
      }
    }
    try {
      const url = this.edge.slice(this.about.url ?? "", this.found.res, 0);
      const text = await this.ask(this.edge.text(add(url), signal));
      if (failed) this.ownAt = now() + ownPause;
      return this.listedIn({ url, text });
    } catch (e) {
      throw failed ?? e;
    }
  }

  async segment(url: string, range: ByteRange = whole, signal = this.control.signal): Promise<Uint8Array> {
    if (this.over) throw this.control.signal.reason;
    const s = this.listed.get(keyOf(url, range));
    if (!s || s.gap) return this.direct(url, range, signal);
    // Playing does not wait for the engine, unless the origin cannot be read; what follows the first segment has time. In a live stream
    // it does not wait for peers either, who would give that segment at the pace of the stream.
    const first = !this.startedAfter;
    if (!this.session || (this.live && first && this.ownURL && this.cfg.early !== false && !this.found.res.crowd)) {
      try {
        if (!first) await Promise.race([this.loading, wait(engineTime, signal)]);
        if (!this.session || first) return await this.direct(url, range, signal);
      } catch (e) {
        if (signal.aborted) throw e;
        await this.loading.catch(() => undefined);
        if (!this.session) return this.direct(url, range, signal);
      }
    }
    const data = await (this.live ? this.liveSegment(s, signal) : this.vodSegment(s, signal));
    if (!data) return this.direct(url, range, signal);
    this.began();
    return data;
  }

  end(): void {
    if (this.over || this.stopped || this.lostSource()) return;
    this.emit("NetStream.Buffer.Flush");
    this.emit("NetStream.Play.Stop", "the stream is over");
    this.stopped = true;
    clearInterval(this.sweeper);
    setTimeout(() => this.close(), lingerFor);
  }

  override stats(): ReturnType<Viewer["stats"]> {
    const s = super.stats();
    s.originBytes += (this.origin?.bytes ?? 0) + (this.liveOrigin?.bytes ?? 0);
    return s;
  }

  protected override plain(): number {
    return this.originBytes; // whole segments, which the engine knows nothing of
  }

  protected override shut(why: Fault): void {
    clearInterval(this.sweeper);
    super.shut(why);
    this.reading.refuse(why);
    this.segments.close();
  }

  /** find returns what the viewer's own playlist lists under a number, loading it anew if need be. */
  private async find(n: number): Promise<Listed | undefined> {
    if (!this.bySequence.has(n) && now() - this.loaded >= Math.min(loadShared, this.about.target! / 4)) await this.playlist();
    return this.bySequence.get(n);
  }

  private listedIn(loaded: { url: string; text: string }): { url: string; text: string } {
    const t = (this.loaded = now());
    for (const s of parsePlaylist(loaded.text, loaded.url).segments) {
      this.listed.set(keyOf(s.url, s.range), s);
      this.bySequence.set(s.sequence, s);
      if (!this.seen.has(s.sequence)) this.seen.set(s.sequence, t);
    }
    if (this.live) {
      for (const m of [this.listed, this.bySequence, this.seen] as Map<unknown, unknown>[]) {
        for (const k of m.keys()) {
          if (m.size <= maxListed) break;
          m.delete(k);
        }
      }
    }
    return loaded;
  }

  /** direct reads from an origin. */
  private async direct(url: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const b = await readRange({ url, offset: range.offset, size: range.length }, signal, 30_000);
    this.originBytes += b.length;
    this.arrived = now();
    this.began();
    return b;
  }

  private async liveSegment(s: Listed, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const data = await this.segments.ask(s, this.seen.get(s.sequence) ?? now(), this.patience);
    if (signal.aborted) throw ended(signal);
    if (this.over) throw this.control.signal.reason;
    return data?.slice(); // players give what they get away
  }

  private async vodSegment(s: Listed, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const file = this.found.res.file!;
    const i = s.sequence - (this.about.sequence ?? 0);
    const at = file.times[i];
    if (at === undefined || Math.abs((file.times[i + 1] ?? file.duration) - at - s.duration) > rounding) return undefined;
    const n = i * file.group;
    if (i !== this.next) this.jumped = i;
    this.next = i + 1;
    if (this.origin?.isAnother(n) || this.away) return undefined;
    // A player that has just come to this place sees nothing of a segment before all of it is there.
    const eager = this.cfg.unpaced === true || i < this.jumped + 2 || at - file.times[this.jumped]! < vodInHand;
    const parts: Uint8Array[] = [];
    try {
      while (parts.length < file.group) {
        if (!this.session) return undefined;
        parts.push(...(await this.reading.read(this.session, n + parts.length, file.group - parts.length, eager, signal)));
      }
    } catch (e) {
      if (e === elsewhere) return undefined;
      throw e;
    }
    const data = parts.length === 1 ? parts[0]!.slice() : join(parts);
    return s.range.length > 0 && s.range.length !== data.length ? undefined : data;
  }

  private begin(engine: Engine, found: Found): void {
    if (this.over || this.stopped) return;
    this.engine = engine;
    this.found = found;
    try {
      const session = this.enter(engine, found, this.client(found));
      session.go();
      if (this.live) this.segments.restart(session.position);
      else session.hold(true);
    } catch (why) {
      this.leave();
      this.withoutEngine(why);
    }
  }

  private client(found: Found): Client {
    const common: Client = {
      heard: (code) => this.heard(code),
      lost: () => this.relocate(),
      dead: (why) => {
        this.leave();
        this.trapped();
        this.withoutEngine(why);
      },
    };
    if (this.live) {
      const own = this.ownURL !== "" && found.res.playlist?.proofs ? (n: number) => this.find(n) : undefined;
      const origin = (this.liveOrigin = new LiveOrigin(this.edge, found, own));
      return {
        ...common,
        kept: (number, group, payload) => {
          this.arrived = now();
          this.segments.add(number, group, payload);
        },
        ended: () => this.end(),
        refused: (number, reason) => {
          if (reason === Reason.Differs) origin.differ(number);
        },
        fetch: (ask, signal) => (own ? origin.fetch(ask, signal) : askServer(this.edge, found, ask, signal)),
      };
    }
    const file = found.res.file!;
    const refuse = (g: number): void => this.reading.refuse(elsewhere, g, g + file.group);
    const origin = (this.origin = new Origin(this.edge, found, {
      blind: false,
      locate: async (n, proof) => {
        const s = await this.find(Math.floor(n / file.group) + (this.about.sequence ?? 0));
        if (!s || (s.range.length > 0 && s.range.length !== proof!.total)) {
          throw new Fault("source_changed", "the playlist names other bytes than the server saw");
        }
        return { url: s.url, offset: s.range.offset + proof!.start, size: proof!.size };
      },
      differs: refuse,
      unproved: refuse,
    }, true));
    return {
      ...common,
      slice: (number, payload) => {
        this.arrived = now();
        this.reading.slice(number, payload);
      },
      kept: (number) => {
        this.arrived = now();
        if (this.session) this.reading.kept(this.session, number);
      },
      refused: (number, reason) => {
        if (reason === Reason.Differs) origin.differ(number);
      },
      fetch: (ask, signal) => origin.fetch(ask, signal),
    };
  }

  private withoutEngine(why: unknown): void {
    if (this.over) return;
    console.warn("superp2p: played without peers:", why);
    this.engine = undefined;
    this.reading.refuse(elsewhere);
    this.segments.close();
  }

  private sweep(): void {
    const t = now();
    if (this.session && this.live) this.segments.sweep(this.session.position);
    else if (this.session) this.reading.sweep(this.session);
    if (t - this.arrived >= vodPatience && t - this.reading.since >= vodPatience) this.reading.refuse(elsewhere);
    const limit = 1000 * (this.startedAfter ? (this.cfg.stallTimeout ?? 20) : (this.cfg.startTimeout ?? 10));
    if (this.live && this.session && t - this.arrived >= limit) {
      this.fail(this.failure("nothing more of the stream arrives, from peers or the server"));
    }
  }

  protected override sourceEnded(): boolean {
    this.end();
    return true;
  }

  protected override take(found: Found): void {
    const same = found.res.track === this.found.res.track;
    if (found.res.playlist?.kind !== this.about.kind) {
      if (this.live && found.res.playlist) this.end(); // it is complete: nothing more of it is live
      else this.fail(new Fault("source_changed", "what is played has changed at the origin; play it again"));
      return;
    }
    if (same) {
      if (this.session) this.session.reposition(found);
      else if (this.engine) this.begin(this.engine, found);
      return;
    }
    if (!this.live) {
      this.fail(new Fault("source_changed", "what is played has changed at the origin; play it again"));
      return;
    }
    this.tracks++;
    this.emit("NetStream.MulticastStream.Reset", "the stream goes on as another track");
    this.leave();
    if (this.engine) this.begin(this.engine, found);
  }
}

/** readText reads a text from an origin, and tells where it came from in the end. */
async function readText(url: string, signal: AbortSignal): Promise<{ url: string; text: string }> {
  const request = limited(signal, ownTimeout);
  try {
    const answer = await fetch(url, { signal: request.signal, cache: "no-store" });
    if (!answer.ok) throw new Fault("source_refused", "the origin answers with status " + answer.status);
    return { url: answer.url || url, text: await answer.text() };
  } catch (e) {
    if (signal.aborted) throw ended(signal);
    throw asFault(e, "source_unreachable");
  } finally {
    request.done();
  }
}
