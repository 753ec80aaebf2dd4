/** One play: its source, what plays it, and how it ends. */
import type { Config } from "../config";
import { asking } from "../fair";
import { asFault, codeOf, Fault } from "../fault";
import { mayBeLive } from "../live";
import { open } from "../open";
import type { File, Happened, Live, Segments, Source, Stats } from "../source";
import { FileFeed, FLVPipeline, GeneratedFeed, LiveFeed } from "./flvpipe";
import { HLSPipeline } from "./hlspipe";
import { Meter } from "./meter";
import { MP4Pipeline } from "./mp4pipe";
import { ahead, library } from "./pipeline";
import type { Pipeline, Stage } from "./pipeline";
import type { PlayConfig } from "./playconfig";
import { sourceConfig } from "./playconfig";
import { nothing, Playhead } from "./playhead";
import { Playlists } from "./playlists";
import type { Settings } from "./settings";

/** Owner is the stream that plays. */
export interface Owner {
  readonly settings: Settings;
  readonly video: HTMLVideoElement;
  readonly server: string;
  readonly options: Pick<Config, "engine" | "consent">;
  event(code: string, level?: Happened["level"], details?: string, description?: string): void;
  failed(play: Play, why: Fault): void;
  script(name: string, values: unknown[]): void;
  complete(play: Play): void;
  /** appended is asked at the end of a play whether another takes over there. */
  appended(play: Play): boolean;
}

interface Script {
  time: number;
  name: string;
  values: unknown[];
}

const defaultStart = 10;
const maxScripts = 1000;

/** Play plays target, a URL or a channel id, or what the application appends. */
export class Play {
  readonly meter = new Meter();
  playhead: Playhead | undefined;
  source: Source | undefined;
  generated: GeneratedFeed | undefined;
  live: LiveFeed | undefined;
  audioCodec = "";
  videoCodec = "";
  private pipeline: Pipeline | undefined;
  private readonly others: Source[] = []; // of the variants of a master playlist
  private readonly control = new AbortController();
  private readonly startTimer: number;
  private readonly begun = performance.now();
  private scripts: Script[] = [];
  private readonly scriptTimer: number;
  private pending: Fault | undefined;
  private firstAt = 0;
  private over = false;
  private startAt = 0;
  private until = Infinity;
  private pausedEarly = false;
  private consent: Config["consent"];
  /** whenBegun is called when the first frame is there. */
  whenBegun: (() => void) | undefined;
  readonly changes: { at: number; done: () => void }[] = [];

  constructor(
    private readonly owner: Owner,
    public target: string,
    readonly config: PlayConfig,
    private readonly delay: number | undefined,
  ) {
    if (target === "") this.generated = new GeneratedFeed(this.stage());
    const limit = config.startTimeout || defaultStart;
    this.startTimer = window.setTimeout(() => this.late(), target ? 1000 * limit : 2 ** 31 - 1);
    this.scriptTimer = window.setInterval(() => this.tick(), 100);
  }

  /** go opens what is played. source is one that is open already. */
  async go(source?: Source): Promise<void> {
    try {
      if (this.target === "") {
        await this.generate();
        return;
      }
      this.source = source ?? (await this.open());
      if (this.over) {
        this.source.close();
        return;
      }
      this.source.onevent = (e) => this.heard(e);
      const { kind } = this.source;
      if (kind === "live") await this.playLive(this.source);
      else if (kind === "file") await this.playFile(this.source);
      else await this.playList(this.target, this.source);
    } catch (why) {
      if (codeOf(why) === "source_master" && !this.over) {
        await this.playList(this.target).catch((e: unknown) => this.fail(asFault(e)));
      } else {
        this.fail(asFault(why));
      }
    }
  }

  get sourceConfig(): Config {
    const c = sourceConfig(this.config);
    if (!c.delay && this.delay) c.delay = this.delay;
    const { engine } = this.owner.options;
    if (engine) c.engine = engine;
    if (c.peers !== false) this.consent ??= asking(this.owner.options).consent;
    if (this.consent) c.consent = this.consent;
    return c;
  }

  private open(): Promise<Source> {
    const name = this.config.channel || this.target;
    // What plays it is loaded beside the question what it is. Where that fails, whoever plays is told.
    if (mayBeLive(name)) library("mpegts.mjs", this.owner.server).catch(() => undefined);
    return open(this.owner.server, name, this.sourceConfig, this.control.signal);
  }

  get isLive(): boolean {
    const { source } = this;
    return source ? source.kind === "live" || (source.kind === "hls" && source.live) : false;
  }

  duration(): number {
    const d = this.pipeline?.duration() ?? 0;
    if (d || this.isLive) return d;
    const { duration } = this.owner.video;
    if (Number.isFinite(duration)) return duration;
    return this.source?.kind === "file" ? this.source.info.duration / 1000 : 0;
  }

  /** stats sums those of all sources. */
  stats(): Partial<Stats> {
    const out: Partial<Record<keyof Stats, number>> = {};
    for (const s of [this.source, ...this.others]) {
      if (!s) continue;
      for (const [k, v] of Object.entries(s.stats()) as [keyof Stats, number][]) out[k] = (out[k] ?? 0) + v;
    }
    return out;
  }

  get isOver(): boolean {
    return this.over;
  }

  pause(): void {
    if (this.playhead) this.playhead.pause();
    else if (!this.pausedEarly) {
      this.pausedEarly = true;
      this.owner.event("NetStream.Pause.Notify");
    }
  }

  resume(): void {
    if (this.playhead) this.playhead.resume();
    else if (this.pausedEarly) {
      this.pausedEarly = false;
      this.owner.event("NetStream.Unpause.Notify");
    }
  }

  get paused(): boolean {
    return this.playhead?.isPaused ?? this.pausedEarly;
  }

  seek(to: number): void {
    if (this.playhead) this.playhead.seek(to);
    else this.startAt = to;
  }

  /** close ends it without a word, and leaves the element as it was found. */
  close(): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.startTimer);
    clearInterval(this.scriptTimer);
    this.control.abort(new Fault("closed", "it was closed meanwhile; play it again"));
    this.playhead?.close();
    this.pipeline?.close();
    for (const s of [this.source, ...this.others]) s?.close();
    this.generated?.end();
  }

  /** stop has nothing more loaded: what is held is played to its end. */
  stop(): void {
    const end = this.playhead && ahead(this.owner.video) + this.owner.video.currentTime;
    if (!this.playhead || end === undefined) return;
    this.playhead.until = Math.min(this.playhead.until, Math.max(0, end - 0.05));
    this.playhead.given();
  }

  /** reached returns when playback has come to a time, or is over. */
  reached(time: number): Promise<void> {
    if (time <= 0 || this.over || this.owner.video.currentTime >= time) return Promise.resolve();
    return new Promise((done) => this.changes.push({ at: time, done }));
  }

  /** changeOver goes on with another live stream, which begins with a chunk that was read of it. */
  changeOver(source: Live, target: string, first: Uint8Array, complete: () => void): void {
    const { live } = this;
    if (!live) return;
    if (this.source) this.source.onevent = undefined;
    this.source = source;
    this.target = target;
    source.onevent = (e) => this.heard(e);
    live.change(source, first, () => this.changes.push({ at: live.changedAt / 1000, done: complete }));
  }

  /** behindLive returns how far behind the live edge it plays, in seconds. */
  behindLive(video: HTMLVideoElement): number {
    const stats = this.source?.stats();
    return (stats?.delay || 1000 * (this.sourceConfig.delay ?? 6)) / 1000 + ahead(video);
  }

  /** fail ends it with the one event that says why. */
  fail(why: Fault): void {
    if (this.over) return;
    this.close();
    this.owner.failed(this, why);
  }

  private late(): void {
    if (this.playhead?.begun || this.over) return;
    const seconds = Math.round((performance.now() - this.begun) / 1000);
    this.fail(
      this.source
        ? new Fault("nothing_playable", `the server knows the stream, and no frame of it came within ${seconds} s; check its source`)
        : new Fault("server_unreachable", `the server has not answered within ${seconds} s; check its address and that it runs`),
    );
  }

  /** heard is told what happens to a source. Buffering is told by the playhead. */
  private heard(e: Happened): void {
    if (e.code === "NetStream.Play.Start") this.firstAt ||= performance.now();
    if (e.code === "NetStream.Play.Failed") this.failing(e.fault ?? new Fault("internal", e.description));
    else if (/Publish|Multicast/.test(e.code)) this.owner.event(e.code, e.level, "", e.description);
    else if (e.code === "NetStream.Play.Stop" && this.source?.kind === "hls") this.stage().given();
  }

  /** failing has what is held played first. */
  private failing(why: Fault): void {
    if (this.over) return;
    if (why.code === "closed" && this.pending) return;
    this.pending ??= why;
    if (this.playhead?.begun && why.code !== "source_invalid") {
      if (ahead(this.owner.video) >= nothing) return;
      this.playhead.empty();
    }
    this.fail(this.pending);
  }

  private stage(): Stage {
    const { settings, video } = this.owner;
    return {
      video,
      backBuffer: () => settings.backBufferTime,
      count: (kind, bytes, time) => this.meter.add(kind, bytes, time),
      script: (time, name, values) => {
        this.scripts.push({ time, name, values });
        if (this.scripts.length > maxScripts) this.scripts.shift();
      },
      codecs: (audio, v) => {
        if (audio) this.audioCodec = audio;
        if (v) this.videoCodec = v;
      },
      given: () => this.playhead?.given(),
      failed: (why) => this.failing(why),
    };
  }

  private lead(live: boolean, holds: boolean, seekable = !live): void {
    const { owner } = this;
    const play: Pick<Play, "isLive"> = this;
    this.playhead = new Playhead(owner.video, owner.settings, live, {
      holdsDelay: holds,
      get seekable() {
        return seekable && !play.isLive;
      },
      event: (code, level, details, description) => owner.event(code, level, details, description),
      complete: () => owner.complete(this),
      ranDry: () => {
        if (!this.pending || this.over) return this.over || (this.playhead?.ended === true && owner.appended(this));
        this.fail(this.pending);
        return true;
      },
      duration: () => this.duration(),
      late: () => (this.firstAt ? (performance.now() - this.firstAt) / 1000 : 0),
      place: (to) => this.pipeline?.seek?.(to) ?? to,
    }, this.pausedEarly);
    this.playhead.until = this.until;
    if (this.startAt > 0) this.playhead.seek(this.startAt);
  }

  /** part plays only a part, from a time on and for so long; 0 is from the start, and to the end. */
  part(start: number, length: number): void {
    this.startAt = start;
    this.until = length > 0 ? start + length : Infinity;
  }

  private async playLive(source: Live): Promise<void> {
    const lib = await library<never>("mpegts.mjs", this.owner.server);
    if (this.over) return;
    this.live = new LiveFeed(source, this.stage());
    this.lead(true, true);
    this.pipeline = new FLVPipeline(lib, this.stage(), this.live);
  }

  private async playFile(source: File): Promise<void> {
    const head = await source.read(0, 16, this.control.signal);
    const text = String.fromCharCode(...head);
    if (text.startsWith("FLV")) {
      const lib = await library<never>("mpegts.mjs", this.owner.server);
      if (this.over) return;
      const feed = new FileFeed(source, this.stage());
      this.lead(false, false);
      this.pipeline = new FLVPipeline(lib, this.stage(), feed);
    } else if (/^(ftyp|moov|styp|moof|mdat|free|skip|wide|sidx)$/.test(text.slice(4, 8))) {
      const lib = await library<never>("mp4box.mjs", this.owner.server);
      if (this.over) return;
      this.lead(false, false);
      this.pipeline = new MP4Pipeline(lib, this.stage(), source);
    } else {
      throw new Fault("source_invalid", "it is neither FLV nor MP4; check what is at that URL");
    }
  }

  private async playList(url: string, source?: Segments): Promise<void> {
    const lib = await library<never>("hls.mjs", this.owner.server);
    if (this.over) {
      source?.close();
      return;
    }
    const playlists = new Playlists({
      server: this.owner.server, config: this.sourceConfig, strict: true,
      opened: (s) => {
        this.others.push(s);
        s.onevent = (e) => this.heard(e);
        this.source ??= s;
        if (this.playhead) this.playhead.live = s.live;
      },
      failed: (why) => this.failing(asFault(why)),
    });
    const name = /^https?:/.test(url) ? url : new URL("playlist.m3u8", this.owner.server || location.href).href;
    if (source) playlists.add(name, source);
    const live = source?.live ?? false;
    this.lead(live, false);
    this.pipeline = new HLSPipeline(lib, this.stage(), playlists, name, live ? (this.sourceConfig.delay ?? 0) : 0);
  }

  private async generate(): Promise<void> {
    const feed = this.generated!;
    const lib = await library<never>("mpegts.mjs", this.owner.server);
    if (this.over) return;
    this.lead(false, false, false);
    this.pipeline = new FLVPipeline(lib, this.stage(), feed);
  }

  /** tick calls handlers when the playhead has reached their data, and sees to minViewers. */
  private tick(): void {
    const at = this.owner.video.currentTime;
    if (this.playhead?.begun) {
      this.whenBegun?.();
      this.whenBegun = undefined;
      const due = this.scripts.filter((s) => s.time <= at + 0.05);
      if (due.length) this.scripts = this.scripts.filter((s) => s.time > at + 0.05);
      for (const s of due) this.owner.script(s.name, s.values);
      while (this.changes[0] && this.changes[0].at <= at) this.changes.shift()!.done();
    }
    const { minViewers } = this.config;
    if (!minViewers) return;
    for (const s of [this.source, ...this.others]) s?.setDownload(s.stats().swarmSize >= minViewers);
  }
}
