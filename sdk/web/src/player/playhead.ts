/** The state machine of playback (docs/netstream.md, "State machine") on a media element. */
import { Pace } from "./pace";
import { ahead } from "./pipeline";
import type { Settings } from "./settings";
import type { Told } from "./told";

/** tickEvery is how often it is looked at what the element does, in ms. */
export const tickEvery = 50;
/** leastHeld is how much must be held to go on, in seconds, whatever bufferTime says: streams come to browsers in lumps. */
const leastHeld = 0.35;
/** dryAfter is how long the last frame is shown before the buffer counts as dry, in ms. */
const dryAfter = 150;
/** nothing is less than what can be shown, in seconds. */
export const nothing = 0.15;
/** maxGap is the longest hole that playback jumps over, in seconds. */
const maxGap = 20;
/** mostHeld is how much more is held of a live stream than is wanted before playback goes on nearer to live, in seconds: rates would take
 * minutes, on a device that is too slow for the stream for ever. mostUnseen is that where nobody sees it. */
const mostHeld = 12;
const mostUnseen = 2;
const lowStart = 10_000;
const lowRecovery = 30_000;

/** Playhead plays, pauses and seeks on an element, and says what happens. */
export class Playhead {
  private started = false;
  private full = false;
  private everFull = false;
  private pausedAt = performance.now();
  /** until is where it ends, before its own end, in seconds. */
  until = Infinity;
  private allGiven = false;
  private flushed = false;
  private over = false;
  private seekingTo: number | undefined;
  private startAt = 0;
  private stepping = 0;
  private placed = false; // it was paused or sought, so that what is held is meant to be
  private dryAt = 0; // since when, and where
  private dryTime = 0;
  private size = "";
  private wanted = false; // whether the element is to run
  private readonly pace: Pace;
  private stalledFor = 0;
  private goodFor = 0;
  private slow = false;
  private lastTick = performance.now();
  private readonly timer: number;
  private readonly listeners: [string, () => void][] = [];

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly settings: Settings,
    public live: boolean,
    private readonly told: Told,
    private paused = false,
  ) {
    this.pace = new Pace(video, settings);
    const tick = (): void => this.tick();
    for (const name of ["waiting", "timeupdate", "progress", "seeked", "ended", "loadeddata", "canplay", "resize"]) this.listen(name, tick);
    this.listen("pause", () => this.pausedOutside());
    this.listen("play", () => this.playedOutside());
    this.listen("seeking", () => this.soughtOutside());
    this.timer = window.setInterval(tick, tickEvery);
  }

  get begun(): boolean {
    return this.started;
  }

  get stopped(): boolean {
    return this.over;
  }

  /** ended tells whether all that there is was played. */
  get ended(): boolean {
    return this.allGiven && !this.over && (this.started ? this.atEnd() : true);
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** close leaves the element alone from now on. */
  close(): void {
    clearInterval(this.timer);
    for (const [name, f] of this.listeners) this.video.removeEventListener(name, f);
    this.video.playbackRate = 1;
  }

  /** given says that the element has all that there is. */
  given(): void {
    this.allGiven = true;
    this.tick();
  }

  /** goesOn says that more comes after what was all: another stream is appended. */
  goesOn(): void {
    this.allGiven = this.flushed = this.over = false;
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.pausedAt = performance.now();
    this.stand();
    this.told.event("NetStream.Pause.Notify");
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.placed = true;
    const { video } = this;
    if (this.live && performance.now() - this.pausedAt > 1000 * this.settings.maxPauseBufferTime && video.buffered.length) {
      video.currentTime = Math.max(video.currentTime, video.buffered.end(video.buffered.length - 1) - this.want() - 0.5);
    }
    this.told.event("NetStream.Unpause.Notify");
    if (this.full && this.seekingTo === undefined && !this.over) this.run();
  }

  /** seek goes to a time, in seconds. */
  seek(to: number): void {
    const { told, video } = this;
    to = Math.max(0, Number.isFinite(to) ? to : 0);
    if (!this.started) {
      if (!told.seekable) told.event("NetStream.Seek.Failed", "error", "", "the stream has not begun; seek when it plays");
      else this.startAt = to;
      return;
    }
    const held = this.holds(to);
    const last = Math.min(this.until, !told.seekable ? this.end() : told.duration() || this.end());
    const first = !told.seekable && video.buffered.length ? video.buffered.start(0) : 0;
    if ((!told.seekable && !held) || to > last) {
      const valid = to > last ? last : first;
      told.event("NetStream.Seek.InvalidTime", "error", String(valid), `there is nothing at ${to} s; the last valid time is ${valid} s`);
      return;
    }
    told.event("NetStream.SeekStart.Notify");
    this.placed = true;
    this.over = this.flushed = false;
    if (!held) this.allGiven = false;
    const enough = held && (this.allGiven || ahead(video, to) >= this.want() || this.reachesEnd(to));
    if (!enough && this.full) {
      this.full = false;
      told.event("NetStream.Buffer.Empty");
    }
    this.stand();
    const at = held ? to : told.place(to);
    this.seekingTo = at;
    this.dryAt = 0;
    video.currentTime = at;
  }

  /** step goes so many pictures on or back, in what is held. It tells whether it can. */
  step(frames: number, fps: number): boolean {
    const to = this.video.currentTime + frames / (fps || 25);
    if (!this.started || !this.holds(Math.max(0, to)) || this.seekingTo !== undefined) return false;
    this.stepping++;
    this.video.currentTime = Math.max(0, to);
    return true;
  }

  private listen(name: string, f: () => void): void {
    this.listeners.push([name, f]);
    this.video.addEventListener(name, f);
  }

  private want(): number {
    return Math.max(this.settings.bufferTime, leastHeld);
  }

  private end(): number {
    const { buffered } = this.video;
    return buffered.length ? buffered.end(buffered.length - 1) : 0;
  }

  private holds(t: number): boolean {
    return ahead(this.video, t) > 0 || (this.allGiven && Math.abs(t - this.end()) < 0.1);
  }

  private reachesEnd(t: number): boolean {
    const d = this.told.duration();
    return d > 0 && t + ahead(this.video, t) >= d - 0.2;
  }

  private run(): void {
    this.wanted = true;
    const { video } = this;
    const refused = (why: unknown): void => {
      if (!(why instanceof DOMException) || why.name !== "NotAllowedError" || video.muted) return;
      // Browsers let nothing sound before the page was touched: it plays without sound until then.
      video.muted = true;
      const loud = (): void => {
        video.muted = false;
        for (const name of ["pointerdown", "keydown"]) document.removeEventListener(name, loud);
      };
      for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, loud, { once: true });
      if (this.wanted) void video.play().catch(() => undefined);
    };
    void video.play()?.catch(refused);
  }

  private stand(): void {
    this.wanted = false;
    if (!this.video.paused) this.video.pause();
  }

  private pausedOutside(): void {
    if (document.hidden && this.video.muted) return; // the browser's own doing, until somebody sees it
    if (this.wanted && this.video.paused && !this.video.ended && !this.over && !this.video.seeking) this.pause();
  }

  private playedOutside(): void {
    if (this.wanted || this.video.paused) return;
    if (this.over) return; // the element begins at its start again, which is a seek
    if (this.paused) this.resume();
    else if (!this.full) this.video.pause(); // until enough is held
  }

  private soughtOutside(): void {
    if (this.seekingTo !== undefined || this.stepping || !this.started) return;
    const to = this.video.currentTime;
    this.placed = true;
    this.told.event("NetStream.SeekStart.Notify");
    this.over = this.flushed = false;
    if (!this.holds(to)) {
      this.allGiven = false;
      if (this.full) this.told.event("NetStream.Buffer.Empty");
      this.full = false;
      this.stand();
    }
    this.seekingTo = to;
  }

  private tick(): void {
    const t = performance.now();
    const passed = Math.min(1000, t - this.lastTick);
    this.lastTick = t;
    const { video, told } = this;
    this.jump();
    if (!this.started && !this.start()) return;
    this.dimension();
    if (!this.arrive()) return;
    if (!this.full) {
      this.weak(passed);
      const held = ahead(video);
      if (this.allGiven && held < 0.05 && this.atEnd()) return this.finish();
      if (held >= this.want() || this.allGiven || this.reachesEnd(video.currentTime)) {
        if (!this.everFull && told.holdsDelay) this.catchUp();
        this.full = this.everFull = true;
        told.event("NetStream.Buffer.Full");
        if (!this.paused) this.run();
      } else if (held < nothing && told.ranDry()) return;
    }
    if (!this.allGiven && this.full && this.atKnownEnd()) this.allGiven = true;
    if (this.allGiven && this.full && !this.flushed) {
      this.flushed = true;
      told.event("NetStream.Buffer.Flush");
    }
    if (this.over || this.paused) return;
    if (this.allGiven || video.currentTime >= this.until ? this.atEnd() : video.ended) {
      this.finish();
    } else if (this.full && !this.allGiven) {
      this.keepUp();
      this.checkDry(t);
      if (told.holdsDelay) this.pace.hold(t);
      this.goodFor += passed;
    }
  }

  /** catchUp leaves out what came while the player was being loaded, before the first picture moves. */
  private catchUp(): void {
    const { video } = this;
    const by = Math.min(this.told.late(), ahead(video) - this.want()) - 0.5;
    if (by < 1 || this.paused) return;
    this.stepping++; // it is no seek of anybody's
    video.currentTime += by;
  }

  /** keepUp goes on with what is live where far too much is held, as where the browser has a silent picture stand that nobody sees. */
  private keepUp(): void {
    if (!document.hidden && this.video.paused && this.wanted) this.run();
    const by = ahead(this.video) - this.want() - 0.5;
    if (!this.told.holdsDelay || by < (document.hidden ? mostUnseen : this.placed ? Infinity : mostHeld)) return;
    this.stepping++; // it is no seek of anybody's
    this.video.currentTime += by;
  }

  /** jump goes on after a hole, which playback would wait before for ever. */
  private jump(): void {
    const { video } = this;
    const at = video.currentTime;
    if (video.readyState > 2 || ahead(video) > 0.05) return;
    for (let i = 0; i < video.buffered.length; i++) {
      const from = video.buffered.start(i);
      if (from <= at || from - at > maxGap || video.buffered.end(i) - from < 0.1) continue;
      if (this.seekingTo !== undefined) this.seekingTo = from + 0.01;
      else if (this.started) this.stepping++; // it is no seek of anybody's
      video.currentTime = from + 0.01;
      return;
    }
  }

  private start(): boolean {
    const { video } = this;
    if (video.readyState < 2) return false;
    this.started = true;
    this.told.event("NetStream.Play.Start");
    if (this.startAt > 0) {
      const to = this.startAt;
      this.startAt = 0;
      this.seek(to);
    }
    return true;
  }

  private dimension(): void {
    const size = this.video.videoWidth + "x" + this.video.videoHeight;
    if (size === this.size || !this.video.videoWidth) return;
    this.size = size;
    this.told.event("NetStream.Video.DimensionChange", "status", size);
  }

  /** arrive tells that a seek or a step is done, and whether none is under way. */
  private arrive(): boolean {
    const { video, told } = this;
    const there = !video.seeking && video.readyState >= 2;
    if (this.stepping && there) {
      this.stepping = 0;
      if (this.paused) told.event("NetStream.Step.Notify");
    }
    if (this.seekingTo === undefined) return true;
    if (!there) return false;
    this.seekingTo = undefined;
    told.event("NetStream.Seek.Notify");
    if (this.full && !this.paused) this.run();
    return true;
  }

  private atEnd(): boolean {
    const { video } = this;
    return video.ended || video.currentTime >= this.until || (ahead(video) < 0.03 && video.currentTime >= this.end() - 0.15 && video.readyState < 3);
  }

  /** atKnownEnd tells whether the end of a file was played that was not all loaded: what is before it was not. */
  private atKnownEnd(): boolean {
    const d = this.told.seekable ? this.told.duration() : 0;
    return d > 0 && this.video.currentTime >= d - 0.15 && ahead(this.video) < 0.05;
  }

  private finish(): void {
    if (this.over) return;
    this.allGiven = true;
    if (!this.flushed) {
      this.flushed = true;
      this.told.event("NetStream.Buffer.Flush");
    }
    if (this.told.ranDry()) return;
    this.over = true;
    this.stand();
    this.told.event("NetStream.Play.Stop");
    this.told.complete();
  }

  private checkDry(t: number): void {
    const { video } = this;
    const moved = video.currentTime !== this.dryTime;
    this.dryTime = video.currentTime;
    // A track may end before the other, so that something is held and yet nothing can be shown.
    this.dryAt = video.readyState >= 3 || moved || ahead(video) >= nothing ? 0 : this.dryAt || t;
    if (!this.dryAt || t - this.dryAt < dryAfter) return;
    this.empty();
    this.told.ranDry();
  }

  /** empty says that nothing is held any more, once. */
  empty(): void {
    this.dryAt = 0;
    if (!this.full || this.over) return;
    this.full = false;
    this.stand();
    this.told.event("NetStream.Buffer.Empty");
  }

  /** weak tells once when playback stands still for long. */
  private weak(passed: number): void {
    if (this.paused || this.seekingTo !== undefined || !this.everFull) return;
    if (this.goodFor > lowRecovery) {
      this.stalledFor = 0;
      this.slow = false;
    }
    this.goodFor = 0;
    this.stalledFor += passed;
    if (this.slow || this.stalledFor < lowStart) return;
    this.slow = true;
    this.told.event("NetStream.Play.InsufficientBW", "warning", "", "it arrives slower than it plays");
  }
}
