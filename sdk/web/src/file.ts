/** A file at an origin, read by byte ranges. */
import type { FileInfo, Found } from "./answers";
import type { Config } from "./config";
import type { Edge } from "./edge";
import type { Engine } from "./engine";
import { now } from "./engine";
import { Fault } from "./fault";
import { liveFrame, join } from "./flv";
import { Reason } from "./kinds";
import { Origin, readRange } from "./origin";
import type { Place } from "./origin";
import { elsewhere, Reading } from "./reading";
import type { File } from "./source";
import { Viewer } from "./viewer";

const sweepEvery = 250;
/** readAtOnce is how many bytes one read takes at the most; plainAtOnce, before the engine is there. */
const readAtOnce = 1 << 20;
const plainAtOnce = 256 << 10;
const lingerFor = 10_000;

/** FileViewer is a File. */
export class FileViewer extends Viewer implements File {
  readonly kind = "file" as const;
  readonly info: FileInfo;
  private readonly reading = new Reading();
  private readonly origin: Origin;
  private readonly ownURL: string;
  private own = false; // the origin gives this viewer other bytes: all comes from there, and nothing is shared
  private plainBytes = 0;
  private ready = false;
  private stopped = false;
  private readonly sweeper: number;

  constructor(edge: Edge, target: string, found: Found, cfg: Config, engine: Promise<Engine>, opened: number) {
    super(edge, target, found, cfg);
    this.opened = opened;
    this.tracks = 1;
    const info = (this.info = found.res.file!);
    this.ownURL = /^https?:\/\//.test(target) ? target : "";
    const place: Place = {
      blind: true,
      locate: (n) => Promise.resolve({ url: this.ownURL, offset: n * info.slice, size: Math.min(info.slice, info.size - n * info.slice) }),
      differs: () => this.playOwn(),
      unproved: () => undefined,
    };
    this.origin = new Origin(edge, found, place, this.ownURL !== "");
    engine.then(
      (e) => this.begin(e),
      (why: unknown) => this.withoutEngine(why),
    );
    this.sweeper = window.setInterval(() => this.sweep(), sweepEvery);
  }

  async read(offset: number, length: number, signal?: AbortSignal, eager = false): Promise<Uint8Array> {
    const { info } = this;
    if (!(offset >= 0) || !(length >= 0)) throw new Fault("request_invalid", "offset or length are negative");
    if (offset >= info.size || length === 0) return new Uint8Array(0);
    length = Math.min(length, readAtOnce, info.size - offset);
    for (;;) {
      if (this.over) throw this.control.signal.reason;
      const { session } = this;
      if (!session || this.own) return this.readPlain(offset, Math.min(length, plainAtOnce), signal);
      const n = Math.floor(offset / info.slice);
      const most = Math.ceil((offset + length) / info.slice) - n;
      try {
        const list = await this.reading.read(session, n, most, eager || this.cfg.unpaced === true, signal);
        return join(list).subarray(offset - n * info.slice, offset - n * info.slice + length);
      } catch (e) {
        if (e !== elsewhere) throw e;
      }
    }
  }

  end(): void {
    if (this.over || this.stopped) return;
    this.emit("NetStream.Buffer.Flush");
    this.emit("NetStream.Play.Stop", "the file is over");
    this.stopped = true;
    clearInterval(this.sweeper);
    setTimeout(() => this.close(), lingerFor);
  }

  protected override shut(why: Fault): void {
    clearInterval(this.sweeper);
    super.shut(why);
    this.reading.refuse(why);
  }

  protected override plain(): number {
    return this.plainBytes;
  }

  override stats(): ReturnType<Viewer["stats"]> {
    this.originBytes = this.origin.bytes;
    return super.stats();
  }

  /** readPlain reads what the engine is not asked for: from the viewer's own URL, else from the server. */
  private async readPlain(offset: number, length: number, signal = this.control.signal): Promise<Uint8Array> {
    const { info } = this;
    let b: Uint8Array | undefined;
    if (this.ownURL) {
      try {
        b = await readRange({ url: this.ownURL, offset, size: length }, signal);
      } catch (e) {
        if (signal.aborted || this.own) throw e;
      }
    }
    if (!b) {
      const n = Math.floor(offset / info.slice);
      const frame = await this.ask(this.edge.bytes(this.edge.slice(this.found.res.slices, this.found.res, n), signal, 25_000));
      b = payloadOf(frame).subarray(offset - n * info.slice).slice(0, length);
    }
    this.plainBytes += b.length;
    this.arrived = now();
    this.began();
    return b;
  }

  private begin(engine: Engine): void {
    if (this.over) return;
    this.engine = engine;
    try {
      const session = this.enter(engine, this.found, {
        slice: (number, payload) => {
          this.arrived = now();
          this.began();
          this.reading.slice(number, payload);
        },
        kept: (number) => {
          this.arrived = now();
          if (this.session) this.reading.kept(this.session, number);
        },
        refused: (number, reason) => {
          if (reason === Reason.Differs) this.origin.differ(number);
        },
        fetch: (ask, signal) => this.origin.fetch(ask, signal),
        heard: (code) => this.heard(code),
        lost: () => this.relocate(),
        dead: (why) => {
          this.leave();
          this.trapped();
          this.withoutEngine(why);
        },
      });
      session.go();
      session.hold(true); // until somebody reads
      this.ready = true;
    } catch (why) {
      this.leave();
      this.withoutEngine(why);
    }
  }

  private withoutEngine(why: unknown): void {
    if (this.over) return;
    console.warn("superp2p: read without peers:", why);
    this.ready = false;
    this.engine = undefined;
    this.reading.refuse(elsewhere);
  }

  private playOwn(): void {
    if (this.own) return;
    console.warn("superp2p: the origin gives this viewer other bytes than the server saw; they are played, and not shared");
    this.own = true;
    this.reading.refuse(elsewhere);
    this.session?.hold(true);
  }

  private sweep(): void {
    const t = now();
    const limit = 1000 * (this.startedAfter ? (this.cfg.stallTimeout ?? 20) : (this.cfg.startTimeout ?? 10));
    if (t - this.reading.since >= limit && t - this.arrived >= limit) {
      this.fail(this.failure("the file is known, and nothing more of it arrives"));
    } else if (this.session && this.ready) {
      this.reading.sweep(this.session);
    }
  }

  protected override take(found: Found): void {
    if (found.res.track !== this.found.res.track) {
      this.fail(new Fault("source_changed", "what is played has changed at the origin; play it again"));
      return;
    }
    if (this.session) this.session.reposition(found);
    else if (this.engine) this.begin(this.engine);
  }
}

/** payloadOf returns the payload of a server's answer. */
export function payloadOf(frame: Uint8Array): Uint8Array {
  return liveFrame("", -1, frame).payload;
}
