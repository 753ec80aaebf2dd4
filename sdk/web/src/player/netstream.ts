/** P2PNetStream: flash.net.NetStream in a page, under its ActionScript names. docs/netstream.md says how it behaves. */
import { asFault, Fault } from "../fault";
import { server } from "../open";
import type { Source, Stats } from "../source";
import { codeOfFailure } from "./failure";
import { infoOf, Multicast } from "./info";
import type { NetStreamInfo, NetStreamMulticastInfo } from "./info";
import { Meter } from "./meter";
import { Peers } from "./peers";
import type { PeerStream } from "./peers";
import { ahead, behind } from "./pipeline";
import { Play } from "./play";
import type { Owner } from "./play";
import { checked } from "./playconfig";
import type { PlayConfig } from "./playconfig";
import { Tell } from "./tell";
import { play2 } from "./transition";
import type { NetStreamPlayOptions } from "./transition";
import { Unsupported } from "./unsupported";

export type { NetStreamPlayOptions } from "./transition";

/** NetStreamConfig says how a P2PNetStream is made. */
export interface NetStreamConfig {
  /** The superp2p server. Default: where the script came from. */
  server?: string;
  /** Where the engine is. Default: core.wasm beside the script. */
  engine?: string;
  /** Is asked before each play whether peers may be used. Until it says true, it is played without them. Default: they may. */
  consent?: () => boolean | Promise<boolean>;
}

/** P2PNetStream plays one stream at a time on one element. Its events are netStatus, with what happened in event.info. */
export class P2PNetStream extends Unsupported {
  /** client has the handlers that script data names: onMetaData, onPlayStatus and so on. At first it is the stream itself. */
  client: object = this;

  /** onPeerConnect is asked about each peer that connects; false refuses it. */
  onPeerConnect: ((subscriber: PeerStream) => boolean | void) | null = null;

  private video: HTMLVideoElement | undefined;
  private spare: HTMLVideoElement | undefined;
  private current: Play | undefined;
  private after: Play[] = [];
  private readonly tell = new Tell(this);
  private readonly peers = new Peers(this.tell, () => this.onPeerConnect);
  private multicast = new Multicast();
  private meta: Record<string, unknown> | null = null;
  private xmp: Record<string, unknown> | null = null;
  private receives = { audio: true, video: true, fps: 0 };
  private muted = false;
  private frames: [number, number] = [0, 0];
  private fps = 0;
  private fpsTimer = 0;

  constructor(private readonly options: NetStreamConfig = {}) {
    super();
    const unknown = Object.keys(options).find((k) => !["server", "engine", "consent"].includes(k));
    if (unknown !== undefined) throw new Fault("config_invalid", `a P2PNetStream has no «${unknown}»; there are server, engine and consent`);
  }

  /** attach shows what is played on an element; null takes it off. What plays goes on there from its beginning, or live. */
  attach(video: HTMLVideoElement | null): void {
    if (video !== null && !(video instanceof HTMLVideoElement)) {
      throw new Fault("request_invalid", "attach takes a <video> element, or null");
    }
    if ((video ?? undefined) === this.video) return;
    const playing = this.current;
    if (playing?.generated) throw new Fault("request_invalid", "what is appended goes on where it began; attach before play");
    const at = playing && !playing.isLive ? this.time : 0;
    const going = playing && !playing.isOver;
    playing?.close();
    this.video = video ?? undefined;
    this.changed();
    if (playing && going) this.start(playing.target, playing.config, at, 0);
  }

  /** play opens url, or the channel that it names; null begins data generation mode. It returns at once. */
  play(url: string | null, config?: PlayConfig | null): void {
    this.playPart(url, config, 0, 0);
  }

  /** play2 changes what is played for something else, or appends that. */
  play2(options: NetStreamPlayOptions): void {
    play2(this.inner, options);
  }

  /** appendBytes gives FLV, cut anywhere, after play(null). */
  appendBytes(bytes: Uint8Array | ArrayBuffer): void {
    const generated = this.current?.generated;
    if (!generated) throw new Fault("request_invalid", "bytes can be appended after play(null) only");
    try {
      generated.append(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
    } catch (why) {
      this.current?.fail(asFault(why, "source_invalid"));
    }
  }

  /** appendBytesAction says what the bytes that come are: another file (RESET_BEGIN), after a seek (RESET_SEEK), or none. */
  appendBytesAction(action: string): void {
    const generated = this.current?.generated;
    if (!generated) throw new Fault("request_invalid", "there is data generation after play(null) only");
    if (action === P2PNetStream.RESET_BEGIN) {
      if (!generated.begin()) this.playPart(null, undefined, 0, 0);
    } else if (action === P2PNetStream.RESET_SEEK) generated.sought();
    else if (action === P2PNetStream.END_SEQUENCE) generated.end();
    else throw new Fault("request_invalid", `the action «${action}» is unknown; give P2PNetStream.RESET_BEGIN, say`);
  }

  pause(): void {
    this.current?.pause();
  }

  resume(): void {
    this.current?.resume();
  }

  togglePause(): void {
    if (this.current?.paused) this.resume();
    else this.pause();
  }

  /** seek goes to a time in seconds. */
  seek(offset: number): void {
    this.current?.seek(Number(offset));
  }

  /** step goes so many pictures on, or back, while paused. */
  step(frames: number): void {
    const { current } = this;
    if (!current?.paused || !current.playhead?.step(Math.round(frames), this.fps || this.rateSaid)) {
      throw new Fault("request_invalid", "it can be stepped while paused, in what the buffer holds; call pause first");
    }
  }

  /** close ends what is played, and leaves its swarm. */
  close(): void {
    for (const p of [this.current, ...this.after]) p?.close();
    this.current = undefined;
    this.after = [];
    clearInterval(this.fpsTimer);
    this.peers.watch(undefined);
    this.tell.clear();
  }

  /** dispose closes and forgets everything that was set. */
  dispose(): void {
    this.close();
    this.video = this.spare = undefined;
    this.client = this;
    this.onPeerConnect = null;
    this.meta = this.xmp = null;
    this.reset();
    this.receives = { audio: true, video: true, fps: 0 };
  }

  /** receiveAudio(false) silences what is played. */
  receiveAudio(flag: boolean): void {
    this.receives.audio = Boolean(flag);
    this.changed();
  }

  /** receiveVideo(false) hides the picture. */
  receiveVideo(flag: boolean): void {
    this.receives.video = Boolean(flag);
    this.changed();
  }

  /** receiveVideoFPS is kept; browsers show all frames. */
  receiveVideoFPS(fps: number): void {
    this.receives.fps = Math.max(0, Number(fps) || 0);
  }

  get time(): number {
    return this.current?.playhead?.begun ? this.element.currentTime : 0;
  }

  get bufferLength(): number {
    return this.current ? ahead(this.element) : 0;
  }

  get backBufferLength(): number {
    return this.current ? behind(this.element) : 0;
  }

  /** currentFPS is how many frames a second are shown. */
  get currentFPS(): number {
    return this.current?.playhead?.begun && !this.element.paused ? this.fps : 0;
  }

  get decodedFrames(): number {
    return this.current ? (this.element.getVideoPlaybackQuality?.().totalVideoFrames ?? 0) : 0;
  }

  /** liveDelay is how far behind the live edge it plays, in seconds; 0 of a file. */
  get liveDelay(): number {
    const { current } = this;
    return current?.isLive && current.playhead?.begun ? current.behindLive(this.element) : 0;
  }

  get bytesLoaded(): number {
    return this.current?.source?.kind === "file" ? Math.min(this.bytesTotal, this.current.meter.total) : 0;
  }

  get bytesTotal(): number {
    return this.current?.source?.kind === "file" ? this.current.source.info.size : 0;
  }

  /** audioCodec is a FourCC such as mp4a; "" before it is known. */
  get audioCodec(): string {
    return this.current?.audioCodec ?? "";
  }

  get videoCodec(): string {
    return this.current?.videoCodec ?? "";
  }

  /** farID is the identity of what is played, as the server tells it: one for all viewers. */
  get farID(): string {
    return this.current?.source?.stream ?? "";
  }

  get peerStreams(): PeerStream[] {
    return this.peers.list();
  }

  get info(): NetStreamInfo {
    const { current } = this;
    const dropped = current ? (this.element.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0) : 0;
    return infoOf(current?.meter ?? new Meter(), this.time, this.bufferLength, dropped, {
      metaData: this.meta, xmpData: this.xmp, uri: this.base, resourceName: current?.target ?? "", isLive: current?.isLive ?? false,
    });
  }

  get multicastInfo(): NetStreamMulticastInfo {
    return this.multicast.of(this.stats);
  }

  /** stats are what the sources of the play counted since it began; nothing before they are open. */
  get stats(): Partial<Stats> {
    return this.current?.stats() ?? {};
  }

  protected override changed(): void {
    const video = this.video ?? this.spare;
    if (!video) return;
    video.volume = Math.min(1, Math.max(0, this.soundTransform.volume));
    if (this.receives.audio === this.muted) video.muted = this.muted = !this.receives.audio;
    video.style.visibility = this.receives.video ? "" : "hidden";
  }

  // What is below.

  private get base(): string {
    return this.options.server ?? server();
  }

  /** element is what is played on; without one that was attached, one that nobody sees. */
  private get element(): HTMLVideoElement {
    if (this.video) return this.video;
    if (!this.spare) {
      this.spare = document.createElement("video");
      this.spare.muted = true;
    }
    return this.spare;
  }

  private get rateSaid(): number {
    return Number(this.meta?.["framerate"] ?? 0) || 25;
  }

  private readonly owner: Owner = ((stream: P2PNetStream): Owner => ({
    settings: stream,
    get video() {
      return stream.element;
    },
    get server() {
      return stream.base;
    },
    options: stream.options,
    event: (code, level, details, description) => stream.tell.event(code, level, details, description),
    failed: (play, why) => {
      if (play !== stream.current) return;
      stream.peers.watch(undefined);
      clearInterval(stream.fpsTimer);
      stream.tell.last(codeOfFailure(why), play.config.streamID || play.target, why);
    },
    script: (name, values) => stream.call(name, values),
    complete: (play) => {
      stream.tell.call(() =>
        stream.call("onPlayStatus", [{
          code: "NetStream.Play.Complete", level: "status", duration: play.duration(), bytes: play.meter.total,
        }]),
      );
    },
    appended: (play) => play === stream.current && stream.goOn(),
  }))(this);

  /** inner is what play2 works on. */
  private readonly inner = ((stream: P2PNetStream) => ({
    current: () => stream.current,
    playPart: (url: string, config: PlayConfig | undefined, start: number, length: number) => stream.playPart(url, config, start, length),
    event: (code: string, level?: "status" | "warning", details?: string, description?: string) =>
      stream.tell.event(code, level, details, description),
    status: (code: string, details: string) =>
      stream.tell.call(() => stream.call("onPlayStatus", [{ code, level: "status", details }])),
    replace: (url: string, config: PlayConfig, at: number, length: number, source?: Source) =>
      stream.start(url, config, at, length, source),
    append: (url: string, config: PlayConfig, start: number, length: number) => {
      const p = stream.make(url, config, start, length);
      stream.after.push(p);
      if (stream.current?.playhead?.stopped) stream.goOn();
    },
    options: () => stream.options,
    owner: () => stream.owner,
  }))(this);

  private playPart(url: string | null, config: unknown, start: number, length: number): void {
    let settings: PlayConfig;
    const running = this.current && !this.current.isOver && !this.current.playhead?.stopped;
    this.close();
    if (running) this.tell.event("NetStream.Play.Reset");
    try {
      settings = checked(config);
      if (url !== null && (typeof url !== "string" || (url === "" && !settings.channel) || url.length > 8192)) {
        throw new Fault("url_invalid", "there is nothing to play: give a URL or a channel id, or null to append bytes");
      }
    } catch (why) {
      this.tell.last("NetStream.Play.Failed", String(url), asFault(why));
      return;
    }
    this.meta = this.xmp = null;
    this.start(url ?? "", settings, start, length);
  }

  private make(url: string, config: PlayConfig, start: number, length: number): Play {
    const p = new Play(this.owner, url, config, this.windowDelay);
    p.part(start, length);
    return p;
  }

  private start(url: string, config: PlayConfig, start: number, length: number, source?: Source): Play {
    const p = this.make(url, config, start, length);
    this.run(p, source);
    return p;
  }

  private run(play: Play, source?: Source): void {
    this.current = play;
    this.multicast = new Multicast();
    this.changed();
    this.peers.watch(play);
    clearInterval(this.fpsTimer);
    this.fpsTimer = window.setInterval(() => this.countFrames(), 500);
    void play.go(source);
  }

  /** goOn begins what was appended, and tells whether there is something. */
  private goOn(): boolean {
    const next = this.after.shift();
    if (!next) return false;
    this.current?.close();
    this.tell.event("NetStream.Play.Transition", "status", next.target);
    next.whenBegun = () =>
      this.tell.call(() => this.call("onPlayStatus", [{ code: "NetStream.Play.TransitionComplete", level: "status", details: next.target }]));
    this.run(next);
    return true;
  }

  private countFrames(): void {
    const t = performance.now();
    const n = this.decodedFrames;
    const [at, before] = this.frames;
    if (n >= before && t > at) this.fps = (1000 * (n - before)) / (t - at);
    this.frames = [t, n];
  }

  /** call calls a handler of the client. */
  private call(name: string, values: unknown[]): void {
    if (name === "onMetaData" || name === "@setDataFrame") {
      const found = values.find((v) => typeof v === "object" && v !== null);
      if (found) this.meta = found as Record<string, unknown>;
      if (name === "@setDataFrame") return;
    }
    if (name === "onXMPData" && typeof values[0] === "object") this.xmp = values[0] as Record<string, unknown>;
    const { client } = this;
    if (!client || name in Object.prototype || (client === this && name in P2PNetStream.prototype)) return;
    const handler = (client as Record<string, unknown>)[name];
    if (typeof handler !== "function") return;
    try {
      handler.apply(client, values);
    } catch (why) {
      reportError(why);
    }
  }
}
