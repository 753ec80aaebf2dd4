/** What can be set on a stream: for the current play and those to come. Properties that only Flash acts on are kept. */
import { Fault } from "../fault";

/** SoundTransform is that of flash.media: volume and where the sound is. volume is acted on, the others are kept. */
export interface SoundTransform {
  volume: number;
  pan: number;
  leftToLeft: number;
  leftToRight: number;
  rightToLeft: number;
  rightToRight: number;
}

const whole = (n: number): number => (Number.isFinite(n) ? Math.max(0, n) : 0);

const defaults = () => ({
  bufferTime: 0.1, bufferTimeMax: 0, backBufferTime: 30, maxPauseBufferTime: 0, inBufferSeek: false,
  audioSampleAccess: false, videoSampleAccess: false, checkPolicyFile: false, objectEncoding: 0,
  useHardwareDecoder: true, useJitterBuffer: false, videoStreamSettings: null as unknown,
  sendToAll: false, updatePeriod: 0.1, fetchPeriod: 2.5, pushLimit: 4, relayMargin: 2, window: 8, windowSet: false,
  sound: { volume: 1, pan: 0, leftToLeft: 1, leftToRight: 0, rightToLeft: 0, rightToRight: 1 } as SoundTransform,
});

/** Settings are the properties of a NetStream that applications set. Times are in seconds. */
export class Settings extends EventTarget {
  private kept = defaults();

  /** reset forgets what was set. */
  protected reset(): void {
    this.kept = defaults();
  }

  /** changed is called when something was set that acts on what is played. */
  protected changed(): void {
    // for who plays
  }

  /** How much is held before playback begins or goes on. Default 0.1. */
  get bufferTime(): number {
    return this.kept.bufferTime;
  }
  set bufferTime(n: number) {
    this.kept.bufferTime = whole(n);
  }

  /** With more than this, a live stream is played up to 4 % faster until bufferTime is held. 0: never. */
  get bufferTimeMax(): number {
    return this.kept.bufferTimeMax;
  }
  set bufferTimeMax(n: number) {
    this.kept.bufferTimeMax = whole(n);
  }

  /** How much is kept behind the playhead. Default 30. It counts from the next play on. */
  get backBufferTime(): number {
    return this.kept.backBufferTime;
  }
  set backBufferTime(n: number) {
    this.kept.backBufferTime = whole(n);
  }

  /** How much a file is loaded ahead while it is paused. Default 60, or twice bufferTime. */
  get maxPauseBufferTime(): number {
    return this.kept.maxPauseBufferTime || Math.max(60, 2 * this.kept.bufferTime);
  }
  set maxPauseBufferTime(n: number) {
    this.kept.maxPauseBufferTime = whole(n);
  }

  /** Kept: what is held is always sought in. */
  get inBufferSeek(): boolean {
    return this.kept.inBufferSeek;
  }
  set inBufferSeek(on: boolean) {
    this.kept.inBufferSeek = Boolean(on);
  }

  get soundTransform(): SoundTransform {
    return { ...this.kept.sound };
  }
  set soundTransform(t: Partial<SoundTransform>) {
    this.kept.sound = { ...this.kept.sound, ...t };
    this.changed();
  }

  get audioSampleAccess(): boolean {
    return this.kept.audioSampleAccess;
  }
  set audioSampleAccess(on: boolean) {
    this.kept.audioSampleAccess = Boolean(on);
  }

  get videoSampleAccess(): boolean {
    return this.kept.videoSampleAccess;
  }
  set videoSampleAccess(on: boolean) {
    this.kept.videoSampleAccess = Boolean(on);
  }

  get checkPolicyFile(): boolean {
    return this.kept.checkPolicyFile;
  }
  set checkPolicyFile(on: boolean) {
    this.kept.checkPolicyFile = Boolean(on);
  }

  /** 0: script data is AMF0. */
  get objectEncoding(): number {
    return this.kept.objectEncoding;
  }

  get useHardwareDecoder(): boolean {
    return this.kept.useHardwareDecoder;
  }
  set useHardwareDecoder(on: boolean) {
    this.kept.useHardwareDecoder = Boolean(on);
  }

  get useJitterBuffer(): boolean {
    return this.kept.useJitterBuffer;
  }
  set useJitterBuffer(on: boolean) {
    this.kept.useJitterBuffer = Boolean(on);
  }

  get videoStreamSettings(): unknown {
    return this.kept.videoStreamSettings;
  }
  set videoStreamSettings(_v: unknown) {
    throw new Fault("not_supported", "nothing is encoded here; leave videoStreamSettings out");
  }

  /** true: nothing that is played is lost. */
  get audioReliable(): boolean {
    return true;
  }
  get videoReliable(): boolean {
    return true;
  }
  get dataReliable(): boolean {
    return true;
  }

  get multicastAvailabilitySendToAll(): boolean {
    return this.kept.sendToAll;
  }
  set multicastAvailabilitySendToAll(on: boolean) {
    this.kept.sendToAll = Boolean(on);
  }

  get multicastAvailabilityUpdatePeriod(): number {
    return this.kept.updatePeriod;
  }
  set multicastAvailabilityUpdatePeriod(n: number) {
    this.kept.updatePeriod = whole(n);
  }

  get multicastFetchPeriod(): number {
    return this.kept.fetchPeriod;
  }
  set multicastFetchPeriod(n: number) {
    this.kept.fetchPeriod = whole(n);
  }

  get multicastPushNeighborLimit(): number {
    return this.kept.pushLimit;
  }
  set multicastPushNeighborLimit(n: number) {
    this.kept.pushLimit = Math.round(whole(n));
  }

  get multicastRelayMarginDuration(): number {
    return this.kept.relayMargin;
  }
  set multicastRelayMarginDuration(n: number) {
    this.kept.relayMargin = whole(n);
  }

  /** How far behind the live edge the plays to come are whose delay is not given, 2 to 30. Until it is set, 6. */
  get multicastWindowDuration(): number {
    return this.kept.window;
  }
  set multicastWindowDuration(n: number) {
    this.kept.window = whole(n);
    this.kept.windowSet = true;
  }

  /** delay is what multicastWindowDuration asks for, undefined if it was never set. */
  protected get windowDelay(): number | undefined {
    return this.kept.windowSet ? Math.min(30, Math.max(2, this.kept.window)) : undefined;
  }
}
