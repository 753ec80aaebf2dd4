/** The delay of a live stream, held by playing a little faster or slower. */
import { ahead } from "./pipeline";
import { tickEvery } from "./playhead";
import type { Settings } from "./settings";

/** maxRate is by how much a live stream is played faster or slower. */
const maxRate = 0.05;

/** Pace sets the rate of an element so that what is held never runs out, and never grows. */
export class Pace {
  private lows: number[] = [];

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly settings: Settings,
  ) {}

  /** hold is called at each tick while it plays, at a time in ms. */
  hold(t: number): void {
    const { video } = this;
    this.lows.push(ahead(video));
    if (this.lows.length > 60) this.lows.shift(); // 3 s and more
    if (this.lows.length < 20 || Math.floor(t / 500) === Math.floor((t - tickEvery) / 500)) return;
    const want = Math.max(this.settings.bufferTime, 0.1) + 0.1;
    const low = Math.min(...this.lows);
    const off = low - want;
    const rate = Math.abs(off) < 0.08 ? 1 : 1 + Math.max(-maxRate, Math.min(maxRate, off * 0.1));
    if (Math.abs(video.playbackRate - rate) > 0.004) video.playbackRate = rate;
  }
}
