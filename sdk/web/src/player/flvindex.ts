/**
 * Seeking in FLV files that have no index of their keyframes: mpegts.js is given one, with an entry each second, whose places are
 * no places in the file but names for them. When it reads at one, the next keyframe from there on is looked for.
 */
import { join } from "../flv";
import type { File } from "../source";

/** unit is by how much the names are apart: larger than any file. */
const unit = 2 ** 35;
const maxEntries = 100_000;
const readAtOnce = 128 << 10;
/** lead is by how much earlier than asked for a keyframe is looked for at first, in ms. */
const lead = 3_000;
/** maxScan is how far a keyframe is looked for, in bytes. */
const maxScan = 16 << 20;

/** MadeIndex is an index that was made up for a file. */
export class MadeIndex {
  private readonly found = new Map<number, number>();
  private readonly entries: number;
  /** grown is by how many bytes the file's beginning is longer with the index in it. */
  private grown = 0;

  constructor(private readonly source: File, private readonly duration: number) {
    this.entries = Math.min(maxEntries, Math.max(1, Math.floor(duration)));
  }

  /** head returns the beginning of the file with the index in it: a file header and onMetaData. taken is how much it replaces. */
  head(flags: number, meta: Record<string, unknown>, taken: number): Uint8Array {
    const w = new Values();
    w.text("onMetaData").byte(8).u32(0);
    for (const [k, v] of Object.entries({ ...meta, duration: this.duration })) {
      if (typeof v === "number") w.key(k).number(v);
      else if (typeof v === "boolean") w.key(k).byte(1).byte(v ? 1 : 0);
    }
    w.key("keyframes").byte(3);
    const times = Array.from({ length: this.entries }, (_, i) => i);
    for (const [name, of] of [["times", (i: number) => i], ["filepositions", (i: number) => (i + 1) * unit]] as const) {
      w.key(name).byte(10).u32(this.entries + 1).number(0); // the first is that of a sequence header
      for (const i of times) w.number(of(i));
    }
    w.end().end();
    const body = w.bytes();
    const out = new Uint8Array(13 + 11 + body.length + 4);
    const v = new DataView(out.buffer);
    out.set([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9]);
    v.setUint32(13, 18 * 2 ** 24 + body.length);
    out.set(body, 24);
    v.setUint32(24 + body.length, 11 + body.length);
    this.grown = out.length - taken;
    return out;
  }

  /** place returns where in the file a place is that mpegts.js reads at. */
  async place(at: number, signal: AbortSignal): Promise<number> {
    if (at < unit) return Math.max(0, at - this.grown);
    const entry = Math.floor(at / unit) - 1;
    const rest = at - (entry + 1) * unit;
    let start = this.found.get(entry);
    if (start === undefined) this.found.set(entry, (start = await this.keyframe(1000 * entry, signal)));
    return start + rest;
  }

  /** keyframe looks for the last one before a time, in ms: from a place on that is in proportion, and from an earlier one if it has to. */
  private async keyframe(time: number, signal: AbortSignal): Promise<number> {
    for (let early = lead; ; early *= 3) {
      const from = this.proportion(time - early);
      const { place, at } = await this.scan(from, time, signal);
      if (at <= time || from === 0) return place;
    }
  }

  /** proportion returns about where in the file a time is. */
  private proportion(time: number): number {
    const { times, group, slice, size, duration } = this.source.info;
    if (time <= 0) return 0;
    let i = times.findIndex((t) => t > time);
    i = Math.max(0, (i < 0 ? times.length : i) - 1);
    const [from, to] = [times[i]!, times[i + 1] ?? duration];
    const [first, next] = [i * group * slice, Math.min(size, (i + 1) * group * slice)];
    return Math.floor(first + (next - first) * Math.min(1, Math.max(0, (time - from) / Math.max(1, to - from))));
  }

  /** scan returns the last keyframe from a place on that is not after a time, else the first; its place and time. */
  private async scan(from: number, time: number, signal: AbortSignal): Promise<{ place: number; at: number }> {
    let bytes: Uint8Array = new Uint8Array(0);
    let tag = -1;
    let best: { place: number; at: number } | undefined;
    while (bytes.length < maxScan) {
      const more = await this.source.read(from + bytes.length, readAtOnce, signal, true);
      if (more.length === 0) break;
      bytes = join([bytes, more]);
      if (tag < 0) tag = aligned(bytes);
      for (; tag >= 0 && tag + 13 <= bytes.length; tag += 15 + sizeAt(bytes, tag)) {
        const at = timeAt(bytes, tag);
        if (best && at > time) return best;
        if (isKeyframe(bytes, tag)) best = { place: from + tag, at };
      }
    }
    return best ?? { place: this.source.info.size, at: Infinity };
  }
}

const timeAt = (b: Uint8Array, at: number): number =>
  ((b[at + 7]! << 24) | (b[at + 4]! << 16) | (b[at + 5]! << 8) | b[at + 6]!) >>> 0;
const sizeAt = (b: Uint8Array, at: number): number => (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;

function isTag(b: Uint8Array, at: number): boolean {
  const type = b[at];
  return (type === 8 || type === 9 || type === 18) && b[at + 8] === 0 && b[at + 9] === 0 && b[at + 10] === 0;
}

/** aligned returns where the first tag begins that is followed by its own size and another tag; -1 if none is complete. */
function aligned(b: Uint8Array): number {
  for (let at = 0; at + 15 < b.length; at++) {
    if (!isTag(b, at)) continue;
    const size = sizeAt(b, at);
    const end = at + 11 + size;
    if (end + 15 > b.length) continue;
    const back = ((b[end]! << 24) | (b[end + 1]! << 16) | (b[end + 2]! << 8) | b[end + 3]!) >>> 0;
    if (back === size + 11 && isTag(b, end + 4)) return at;
  }
  return -1;
}

function isKeyframe(b: Uint8Array, at: number): boolean {
  if (b[at] !== 9) return false;
  const first = b[at + 11]!;
  if (((first >> 4) & 7) !== 1) return false;
  return first & 0x80 ? (first & 0x0f) !== 0 : b[at + 12] !== 0 || ((first & 0x0f) !== 7 && (first & 0x0f) !== 12);
}

/** Values writes AMF0. */
class Values {
  private b = new Uint8Array(4096);
  private v = new DataView(this.b.buffer);
  private n = 0;

  byte(x: number): this {
    this.room(1);
    this.b[this.n++] = x;
    return this;
  }

  u32(x: number): this {
    this.room(4);
    this.v.setUint32(this.n, x);
    this.n += 4;
    return this;
  }

  number(x: number): this {
    this.byte(0).room(8);
    this.v.setFloat64(this.n, x);
    this.n += 8;
    return this;
  }

  key(name: string): this {
    const text = new TextEncoder().encode(name.slice(0, 1000));
    this.byte(text.length >> 8).byte(text.length & 255).room(text.length);
    this.b.set(text, this.n);
    this.n += text.length;
    return this;
  }

  text(s: string): this {
    return this.byte(2).key(s);
  }

  end(): this {
    return this.byte(0).byte(0).byte(9);
  }

  bytes(): Uint8Array {
    return this.b.slice(0, this.n);
  }

  private room(more: number): void {
    if (this.n + more <= this.b.length) return;
    const b = new Uint8Array(2 * this.b.length + more);
    b.set(this.b);
    this.b = b;
    this.v = new DataView(b.buffer);
  }
}
