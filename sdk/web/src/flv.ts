/**
 * Slices of a live track as one FLV stream (docs/wire.md, "Track, group, slice"): a file header, what a decoder needs, then the
 * stream's own tags, bodies bit for bit. Timestamps begin at 0 and have no gaps: where slices are missing, or another track
 * takes over, time goes on without a hole, because players that fill a buffer by timestamps would wait in it for ever.
 */
import { Reader } from "./codec";
import { safely } from "./fault";
import { Flag } from "./kinds";

/** LiveSlice is a slice to be played. Numbers are of one track; track tells tracks apart. */
export interface LiveSlice {
  track: string;
  number: number;
  group: number;
  flags: number;
  payload: Uint8Array;
}

/** Tag is one FLV tag as it is given out. */
export interface Tag {
  type: number;
  timestamp: number;
  body: Uint8Array;
}

export const Audio = 8;
export const Video = 9;
export const Script = 18;

/** frame is how much time passes between what was given out before a jump and what is after, in ms. */
const frame = 40;
const headSize = 11;
/** maxTag is the largest tag in bytes; what is larger is damage. */
const maxTag = 8 << 20;

/** Joiner makes FLV of slices that come in order. What it needs of a payload it copies. */
export class Joiner {
  private track = "";
  private next = -1;
  private base = 0;
  private last = 0;
  private started = false;
  private jumped = true; // the next group is begun anew
  private readonly decoder = new Map<string, Uint8Array>();
  private partial: Uint8Array | undefined;

  /** onTag is told of each tag that is given out, if set. */
  onTag: ((tag: Tag) => void) | undefined;

  /** skip has the next group begun anew: what was given out last is lost. */
  skip(): void {
    this.next = -1;
    this.jumped = true;
  }

  /** expects tells which slice of that track goes on without a gap; -1 if it is another track. */
  expects(track: string): number {
    return track === this.track ? this.next : -1;
  }

  /** time is the timestamp given out last, in ms. */
  get time(): number {
    return this.last;
  }

  /** push takes the next slice and returns the FLV that it makes, empty while a decoder could not start. */
  push(s: LiveSlice): Uint8Array {
    if (s.track === this.track && s.number < this.next) return new Uint8Array(0);
    const begins = s.number === s.group;
    if (s.track !== this.track || s.number !== this.next) {
      if (!begins) return new Uint8Array(0); // a decoder cannot start here
      this.track = s.track;
      this.jumped = true;
      this.partial = undefined;
    }
    this.next = s.number + 1;
    let tags = s.payload;
    let preamble: Tag[] = [];
    if (begins) {
      const r = new Reader(s.payload);
      preamble = [...parse(r.run())];
      tags = s.payload.subarray(r.at);
    }
    if (this.partial && !(s.flags & Flag.Continuation)) this.partial = undefined;
    if (this.partial) tags = join([this.partial, tags]);
    const list = [...parse(tags)];
    const used = list.reduce((sum, t) => sum + t.body.length + headSize + 4, 0);
    const rest = tags.subarray(used);
    if (rest.length > maxTag) throw new RangeError("an FLV tag is too large");
    this.partial = rest.length ? rest.slice() : undefined;
    const out: Uint8Array[] = [];
    if (this.jumped) this.begin(preamble, list, out);
    for (const t of list) this.give(t, t.timestamp - this.base, out);
    return join(out);
  }

  /** begin gives out what a decoder needs before a group. */
  private begin(preamble: Tag[], list: Tag[], out: Uint8Array[]): void {
    this.jumped = false;
    const at = this.started ? this.last + frame : 0;
    const first = list.find((t) => t.type !== Script) ?? preamble[0] ?? { timestamp: 0 };
    this.base = first.timestamp - at;
    if (!this.started) {
      const all = [...preamble, ...list];
      const kinds = (all.some((t) => t.type === Audio) ? 4 : 0) | (all.some((t) => t.type === Video) ? 1 : 0);
      out.push(Uint8Array.of(0x46, 0x4c, 0x56, 1, kinds || 5, 0, 0, 0, 9, 0, 0, 0, 0));
      this.started = true;
    }
    const inline = new Set(list.slice(0, Math.max(0, list.findIndex(isMedia))).map(configKey));
    for (const t of preamble) {
      const key = configKey(t);
      const known = this.decoder.get(key);
      if (inline.has(key) || (known && same(known, t.body))) continue;
      this.give(t, at, out);
    }
  }

  private give(t: Tag, at: number, out: Uint8Array[]): void {
    at = Math.max(0, Math.round(at));
    this.last = Math.max(this.last, at);
    const key = configKey(t);
    if (key) this.decoder.set(key, t.body.slice());
    const b = new Uint8Array(headSize + t.body.length + 4);
    const v = new DataView(b.buffer);
    v.setUint32(0, (t.type * 2 ** 24 + t.body.length) >>> 0);
    v.setUint32(4, (((at & 0xffffff) << 8) | (at >>> 24)) >>> 0);
    b.set(t.body, headSize);
    v.setUint32(headSize + t.body.length, headSize + t.body.length);
    out.push(b);
    if (this.onTag) safely(this.onTag, { type: t.type, timestamp: at, body: b.subarray(headSize, headSize + t.body.length) });
  }
}

/** parse yields the whole tags at the front of bytes. */
function* parse(b: Uint8Array): Generator<Tag> {
  const v = new DataView(b.buffer, b.byteOffset, b.length);
  for (let at = 0; at + headSize + 4 <= b.length; ) {
    const size = v.getUint32(at) & 0xffffff;
    if (at + headSize + size + 4 > b.length) return;
    const time = v.getUint32(at + 4);
    yield {
      type: v.getUint8(at) & 0x1f,
      timestamp: (time >>> 8) + (time & 0xff) * 2 ** 24,
      body: b.subarray(at + headSize, at + headSize + size),
    };
    at += headSize + size + 4;
  }
}

/** configKey names what a tag configures, "" where it is media: onMetaData, sequence headers. */
function configKey(t: Tag): string {
  const [a = 0, b = 0] = t.body;
  if (t.type === Script) return "script";
  if (t.type === Video) {
    if (a & 0x80) return (a & 0x0f) === 0 ? "video" : ""; // enhanced RTMP: sequence start
    return (a & 0x0f) === 7 && b === 0 ? "video" : "";
  }
  if (t.type === Audio) {
    if (a >> 4 === 9) return (a & 0x0f) === 0 ? "audio" : "";
    return a >> 4 === 10 && b === 0 ? "audio" : "";
  }
  return "";
}

function isMedia(t: Tag): boolean {
  return t.type !== Script && configKey(t) === "";
}

/** same tells whether two runs of bytes are equal. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

/** join puts runs of bytes together. */
export function join(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** LiveFrame reads a server's slice, without checking its proof: for who has no engine. */
export function liveFrame(track: string, number: number, frame: Uint8Array): LiveSlice & { time: number; duration: number; cut: number } {
  const r = new Reader(frame);
  const statement = new Reader(r.run());
  r.raw(64); // the signature
  const first = statement.uvarint();
  const group = first - statement.uvarint();
  const time = statement.uvarint();
  const duration = statement.uvarint();
  const cut = statement.uvarint(); // in Unix milliseconds of the server
  const flags = statement.uvarint();
  if (number >= 0 && first !== number) throw new RangeError("the server sent another slice");
  return { track, number, group, flags, time, duration, cut, payload: frame.subarray(r.at) };
}
