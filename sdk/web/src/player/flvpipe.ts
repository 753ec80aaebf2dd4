/** FLV on a media element, by mpegts.js. */
import type MpegTS from "mpegts.js";
import { asFault, Fault } from "../fault";
import { Audio, join, Script, Video } from "../flv";
import type { Tag } from "../flv";
import type { File, Live } from "../source";
import { parseScript } from "./amf";
import { MadeIndex } from "./flvindex";
import { FeedLoader } from "./mpegts";
import type { Feed } from "./mpegts";
import { low } from "./pipeline";
import type { Pipeline, Stage } from "./pipeline";
import { Splice, Tags } from "./tags";

type Library = { default: typeof MpegTS };

/** readAtOnce is how much of a file is read with one call, in bytes. */
const readAtOnce = 128 << 10;
/** maxHead is within what a file must have its first tag, in bytes. */
const maxHead = 16 << 20;

/** FLVPipeline plays what a feed gives. */
export class FLVPipeline implements Pipeline {
  private readonly player: MpegTS.Player;
  private length = 0;

  constructor(library: Library, stage: Stage, feed: Feed) {
    const mpegts = library.default;
    mpegts.LoggingControl.enableAll = false;
    const live = feed.size === 0;
    class Loader extends FeedLoader {
      constructor() {
        super(() => Promise.resolve(feed));
      }
    }
    this.player = mpegts.createPlayer(
      { type: "flv", isLive: live, url: "superp2p:", cors: true, ...(live ? {} : { filesize: feed.size }) },
      {
        enableWorker: false, enableStashBuffer: false, isLive: live, lazyLoad: !live, lazyLoadMaxDuration: 40, lazyLoadRecoverDuration: 25,
        deferLoadAfterSourceOpen: false, autoCleanupSourceBuffer: true, fixAudioTimestampGap: true,
        autoCleanupMaxBackwardDuration: Math.max(10, stage.backBuffer() + 20), autoCleanupMinBackwardDuration: Math.max(5, stage.backBuffer()),
        customLoader: Loader as never,
      },
    );
    this.player.on(mpegts.Events.ERROR, (type: string, detail: string, info?: { msg?: string }) => {
      const { NETWORK_ERROR } = mpegts.ErrorTypes;
      if (type !== NETWORK_ERROR) stage.failed(mediaFault(detail, info?.msg ?? ""));
    });
    this.player.on(mpegts.Events.LOADING_COMPLETE, () => stage.given());
    this.player.on(mpegts.Events.MEDIA_INFO, (info: { duration?: number }) => {
      if (!live && info.duration) this.length = info.duration / 1000;
    });
    this.player.attachMediaElement(stage.video);
    this.player.load();
  }

  duration(): number {
    return this.length;
  }

  close(): void {
    this.player.pause();
    this.player.unload();
    this.player.detachMediaElement();
    this.player.destroy();
  }
}

function mediaFault(detail: string, message: string): Fault {
  if (/codec/i.test(detail + message)) {
    return new Fault("source_invalid", "this browser has no decoder for it: " + message, "track");
  }
  return new Fault("source_invalid", "its bytes cannot be played; check what makes it: " + (message || detail));
}

/** tell tells a stage of a tag. */
export function tell(stage: Stage, t: Tag): void {
  const time = t.timestamp / 1000;
  if (t.type === Audio) {
    stage.count("audio", t.body.length, time);
    stage.codecs(audioOf(t.body), "");
  } else if (t.type === Video) {
    stage.count("video", t.body.length, time);
    stage.codecs("", videoOf(t.body));
  } else {
    stage.count("data", t.body.length, time);
    const [name, ...values] = parseScript(t.body);
    if (typeof name === "string") stage.script(time, name, values);
  }
}

const audioCodecs: Record<number, string> = { 2: ".mp3", 10: "mp4a" };
const videoCodecs: Record<number, string> = { 7: "avc1", 12: "hvc1", 13: "av01" };
const fourCC = (b: Uint8Array): string => String.fromCharCode(...b.subarray(1, 5));

function audioOf(b: Uint8Array): string {
  const format = (b[0] ?? 0) >> 4;
  return format === 9 ? fourCC(b) : (audioCodecs[format] ?? "");
}

function videoOf(b: Uint8Array): string {
  const first = b[0] ?? 0;
  return first & 0x80 ? fourCC(b) : (videoCodecs[first & 0x0f] ?? "");
}

/** LiveFeed is a live stream, and those that it is changed for. */
export class LiveFeed implements Feed {
  readonly size = 0;
  readonly splice: Splice;
  /** changedAt is where the stream that it was changed for last begins, in ms. */
  changedAt = 0;
  private next: { source: Live; first: Uint8Array; changed: () => void } | undefined;

  constructor(private source: Live, private readonly stage: Stage) {
    this.splice = new Splice((t) => tell(stage, t));
  }

  /** change goes on with another stream, which begins with a chunk that was read of it. */
  change(source: Live, first: Uint8Array, changed: () => void): void {
    this.next = { source, first, changed };
    this.source.close();
  }

  async run(_from: number, give: (b: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      let bytes: Uint8Array | undefined;
      try {
        bytes = await this.source.read();
      } catch (why) {
        if (!this.next) throw why;
      }
      if (signal.aborted) return;
      if (this.next) {
        const { source, first, changed } = this.next;
        this.next = undefined;
        this.source = source;
        this.splice.next();
        this.changedAt = this.splice.end;
        give(this.splice.push(first));
        changed();
        continue;
      }
      if (!bytes) return;
      give(this.splice.push(bytes));
    }
  }

  failed(why: unknown): void {
    this.stage.failed(asFault(why));
  }
}

/** FileFeed is a file. What comes in from its beginning, or from a keyframe on, is told to the stage. */
export class FileFeed implements Feed {
  readonly size: number;
  private made: MadeIndex | undefined;
  private headed = false;

  constructor(private readonly source: File, private readonly stage: Stage) {
    this.size = source.info.size;
  }

  async run(from: number, give: (b: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    let tags: Tags | undefined = new Tags(from === 0);
    let at = this.made && from > 0 ? await this.made.place(from, signal) : from;
    if (from === 0) at = await this.begin(give, tags, signal);
    while (at < this.size) {
      const b = await this.source.read(at, readAtOnce, signal, low(this.stage.video));
      if (signal.aborted || b.length === 0) return;
      try {
        for (const t of tags?.push(b) ?? []) tell(this.stage, t);
      } catch (why) {
        if (from === 0) throw why;
        tags = undefined; // it goes on in the middle of a tag
      }
      at += b.length;
      give(b);
    }
  }

  failed(why: unknown): void {
    this.stage.failed(asFault(why));
  }

  /** begin gives the beginning of the file, with an index of keyframes if it has none, and returns where it goes on. */
  private async begin(give: (b: Uint8Array) => void, tags: Tags, signal: AbortSignal): Promise<number> {
    let bytes: Uint8Array = new Uint8Array(0);
    let list: Tag[] = [];
    while (list.length === 0 && bytes.length < this.size && bytes.length < maxHead) {
      const more = await this.source.read(bytes.length, readAtOnce, signal, true);
      if (more.length === 0 || signal.aborted) return this.size;
      bytes = join([bytes, more]);
      list = tags.push(more);
    }
    for (const t of list) tell(this.stage, t);
    const first = list[0];
    const [name, meta] = first?.type === Script ? (parseScript(first.body) as [unknown, Record<string, unknown>?]) : [];
    if (!first || (name === "onMetaData" && meta?.["keyframes"])) {
      give(bytes);
      return bytes.length;
    }
    const after = name === "onMetaData" ? 13 + 15 + first.body.length : 13;
    this.made ??= new MadeIndex(this.source, Number(meta?.["duration"]) || this.source.info.duration / 1000);
    if (!this.headed && name !== "onMetaData") this.stage.script(0, "onMetaData", [{ duration: this.source.info.duration / 1000 }]);
    this.headed = true;
    give(this.made.head(tags.kinds || 5, meta ?? {}, after));
    give(bytes.slice(after));
    return bytes.length;
  }
}

/** Generated is what the application gives: data generation mode. */
export class GeneratedFeed implements Feed {
  readonly size = 0;
  readonly splice: Splice;
  private queue: Uint8Array[] = [];
  private ended = false;
  private wake: () => void = () => undefined;

  constructor(private readonly stage: Stage) {
    this.splice = new Splice((t) => tell(stage, t));
  }

  append(bytes: Uint8Array): void {
    this.queue.push(this.splice.push(bytes.slice()));
    this.wake();
  }

  /** begin says that another file comes. It tells whether there is more to come at all. */
  begin(): boolean {
    if (!this.ended) this.splice.next();
    return !this.ended;
  }

  /** sought says that what comes begins with a tag. */
  sought(): void {
    this.splice.next(false);
  }

  end(): void {
    this.ended = true;
    this.wake();
  }

  async run(_from: number, give: (b: Uint8Array) => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      for (const b of this.queue.splice(0)) give(b);
      if (this.ended || signal.aborted) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  failed(why: unknown): void {
    this.stage.failed(asFault(why));
  }
}
