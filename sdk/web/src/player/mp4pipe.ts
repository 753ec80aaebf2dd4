/** MP4 files on a media element: mp4box takes them apart into fragments, which Media Source Extensions take. */
import type { createFile as CreateFile, ISOFile, Movie, MP4BoxBuffer, Track } from "mp4box";
import { asFault, Fault } from "../fault";
import type { File } from "../source";
import type { Pipeline, Stage } from "./pipeline";
import { ahead, low, mediaSource } from "./pipeline";

type Library = { createFile: typeof CreateFile };

const readAtOnce = 128 << 10;
/** aheadEnough is how much is held ahead of the playhead before reading waits, in seconds; aheadAgain when it goes on. */
const aheadEnough = 40;
const aheadAgain = 30;
/** maxQueued is how much may wait for the element before reading waits, in bytes. */
const maxQueued = 1 << 20;
const samples = 30;
/** most that may be read before the description of the film is complete, in bytes. */
const maxHead = 64 << 20;

interface Buffer {
  sb: SourceBuffer;
  kind: "audio" | "video";
  queue: Uint8Array<ArrayBuffer>[];
  queued: number;
  done: boolean;
}

/** MP4Pipeline plays a File. */
export class MP4Pipeline implements Pipeline {
  private readonly media: MediaSource;
  private readonly url: string;
  private readonly file: ISOFile<Buffer>;
  private readonly buffers = new Map<number, Buffer>();
  private control = new AbortController();
  private closed = false;
  private ready = false;
  private length = 0;
  private wake: () => void = () => undefined;

  constructor(library: Library, private readonly stage: Stage, private readonly source: File) {
    this.file = library.createFile() as ISOFile<Buffer>;
    this.file.onReady = (info) => this.begin(info);
    this.file.onSegment = (id, b, bytes, next, last) => {
      const all = new Uint8Array(bytes);
      b.queue.push(all);
      b.queued += all.length;
      b.done = last;
      this.file.releaseUsedSamples(id, next);
      this.pump();
    };
    this.file.onError = (_m, text) => this.invalid(text);
    this.media = mediaSource();
    this.url = URL.createObjectURL(this.media);
    stage.video.src = this.url;
    stage.video.addEventListener("timeupdate", this.moved);
    stage.video.addEventListener("seeking", this.sought);
    this.media.addEventListener("sourceopen", () => void this.read(0), { once: true });
  }

  duration(): number {
    return this.length;
  }

  close(): void {
    this.closed = true;
    this.control.abort();
    this.file.stop();
    const { video } = this.stage;
    video.removeEventListener("timeupdate", this.moved);
    video.removeEventListener("seeking", this.sought);
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(this.url);
  }

  private readonly moved = (): void => {
    this.wake();
    this.pump();
  };

  /** sought goes on at a place that is not held, or after what is held there. */
  private readonly sought = (): void => {
    const { video } = this.stage;
    const held = ahead(video);
    if (!this.ready || (held > 0 && video.buffered.length === 1)) {
      this.wake();
      return;
    }
    this.control.abort();
    this.control = new AbortController();
    this.file.stop();
    const from = video.currentTime + held;
    const end = held > 0 && from > this.length - 0.2;
    const { offset } = this.file.seek(end ? this.length : from, true);
    for (const b of this.buffers.values()) {
      b.queue = [];
      b.queued = 0;
      b.done = end;
      this.breakOff(b.sb);
    }
    if (end) {
      this.pump();
      return;
    }
    this.file.start();
    void this.read(offset);
  };

  /** breakOff ends what the element is given at the moment: what comes begins anew. */
  private breakOff(sb: SourceBuffer): void {
    if (this.media.readyState !== "open") return;
    try {
      sb.abort();
    } catch {
      // it is just forgetting what is behind, which does not hinder
    }
  }

  private invalid(why: string): void {
    this.stage.failed(new Fault("source_invalid", "its MP4 cannot be played; check what makes it: " + why));
  }

  private begin(info: Movie): void {
    const all = [...info.videoTracks, ...info.audioTracks];
    for (const track of all) this.add(track);
    if (this.buffers.size === 0) {
      const names = all.map((t) => t.codec).join(", ");
      this.stage.failed(new Fault("source_invalid", `this browser plays none of its tracks (${names || "there are none"})`, "track"));
      return;
    }
    this.length = info.duration ? info.duration / info.timescale : this.source.info.duration / 1000;
    this.media.duration = this.length;
    const video = info.videoTracks[0]?.video;
    this.stage.script(0, "onMetaData", [{
      duration: this.length, filesize: this.source.info.size,
      ...(video ? { width: video.width, height: video.height } : {}),
    }]);
    for (const { id, buffer } of this.file.initializeSegmentation("per-track")) {
      this.buffers.get(id)?.queue.push(new Uint8Array(buffer as ArrayBuffer));
    }
    this.ready = true;
    this.file.start();
    this.pump();
  }

  private add(track: Track): void {
    const kind = track.video ? "video" : "audio";
    const mime = `${kind}/mp4; codecs="${track.codec}"`;
    if ([...this.buffers.values()].some((b) => b.kind === kind) || !MediaSource.isTypeSupported(mime)) return;
    const sb = this.media.addSourceBuffer(mime);
    const b: Buffer = { sb, kind, queue: [], queued: 0, done: false };
    sb.addEventListener("updateend", () => this.pump());
    this.buffers.set(track.id, b);
    const name = track.codec.slice(0, 4);
    this.stage.codecs(kind === "audio" ? name : "", kind === "video" ? name : "");
    this.file.setSegmentOptions(track.id, b, { nbSamples: samples, rapAlignement: false });
  }

  private async read(from: number): Promise<void> {
    const { signal } = this.control;
    const { size } = this.source.info;
    let at = from;
    let total = 0;
    try {
      while (at < size) {
        await this.room(signal);
        const bytes = await this.source.read(at, readAtOnce, signal, !this.ready || low(this.stage.video));
        if (signal.aborted || bytes.length === 0) return;
        total += bytes.length;
        if (!this.ready && total > maxHead) {
          this.invalid("its description is too large");
          return;
        }
        const buffer = bytes.slice().buffer as MP4BoxBuffer;
        buffer.fileStart = at;
        const described = this.ready;
        const next = this.file.appendBuffer(buffer);
        const first = described || !this.ready ? at : this.file.seek(0, true).offset;
        if (first < at) {
          at = first; // the description was at the end
          continue;
        }
        at = typeof next === "number" && next > at ? next : at + bytes.length;
      }
      if (!this.ready) this.invalid("it ends before its description does");
      else this.file.flush();
      for (const b of this.buffers.values()) b.done = true;
      this.pump();
    } catch (why) {
      if (!signal.aborted) this.stage.failed(asFault(why));
    }
  }

  /** room waits until the element needs more. */
  private async room(signal: AbortSignal): Promise<void> {
    let enough = aheadEnough;
    while (!signal.aborted) {
      const queued = [...this.buffers.values()].reduce((sum, b) => sum + b.queued, 0);
      if (queued < maxQueued && ahead(this.stage.video) < enough) return;
      enough = aheadAgain;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** pump gives the element what waits for it. */
  private pump(): void {
    if (this.closed || this.media.readyState === "closed") return;
    let idle = true;
    for (const b of this.buffers.values()) {
      if (b.sb.updating) {
        idle = false;
        continue;
      }
      const next = b.queue[0];
      if (!next) continue;
      idle = false;
      try {
        b.sb.appendBuffer(next);
        b.queue.shift();
        b.queued = Math.max(0, b.queued - next.length);
        this.stage.count(b.kind, next.length, this.stage.video.currentTime);
      } catch (why) {
        if (!(why instanceof DOMException) || why.name !== "QuotaExceededError") {
          this.stage.failed(asFault(why, "source_invalid"));
          return;
        }
        this.forget(b.sb, 5);
      }
    }
    this.wake();
    if (!idle || ![...this.buffers.values()].every((b) => b.done) || this.media.readyState !== "open") {
      if (idle) for (const b of this.buffers.values()) this.forget(b.sb, this.stage.backBuffer() + 10);
      return;
    }
    try {
      this.media.endOfStream();
    } catch {
      return; // a buffer is busy: when it is done this is called again
    }
    this.stage.given();
  }

  /** forget drops what is further behind the playhead than that. */
  private forget(sb: SourceBuffer, keep: number): void {
    const until = this.stage.video.currentTime - keep;
    if (sb.updating || sb.buffered.length === 0 || sb.buffered.start(0) > until - 10) return;
    sb.remove(0, until);
  }
}
