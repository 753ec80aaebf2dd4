/** FLV cut anywhere, as tags; and several such streams as one. */
import { Fault } from "../fault";
import { Audio, join, Script, Video } from "../flv";
import type { Tag } from "../flv";

const headSize = 11;
const maxTag = 8 << 20;
/** frame is how much time passes between two streams that are joined, in ms. */
const frame = 40;

/** Tags reads FLV. Tags that it returns lie in what was given to it. */
export class Tags {
  private rest: Uint8Array = new Uint8Array(0);
  /** flags of the file header that was read last: 4 is audio, 1 is video; 0 before. */
  kinds = 0;

  /** headed says whether a file header is to come first. */
  constructor(private headed = true) {}

  /** reset forgets what is incomplete. */
  reset(headed: boolean): void {
    this.rest = new Uint8Array(0);
    this.headed = headed;
  }

  /** push returns the tags that are complete now. It throws where it is no FLV. */
  push(bytes: Uint8Array): Tag[] {
    const b = this.rest.length ? join([this.rest, bytes]) : bytes;
    const v = new DataView(b.buffer, b.byteOffset, b.length);
    const out: Tag[] = [];
    let at = 0;
    if (this.headed) {
      if (b.length < 13) return this.keep(b, 0, out);
      if ((v.getUint32(0) >>> 8) !== 0x464c56) throw new Fault("source_invalid", "it is no FLV; check what makes it");
      this.kinds = v.getUint8(4) & 5;
      at = v.getUint32(5) + 4;
      if (at > 1024) throw new Fault("source_invalid", "its FLV header cannot be; check what makes it");
      if (b.length < at) return this.keep(b, 0, out);
      this.headed = false;
    }
    while (at + headSize <= b.length) {
      const size = v.getUint32(at) & 0xffffff;
      const type = v.getUint8(at) & 0x1f;
      if (size > maxTag || (type !== Audio && type !== Video && type !== Script)) {
        throw new Fault("source_invalid", "the FLV is damaged; check what makes it");
      }
      if (at + headSize + size + 4 > b.length) break;
      const time = v.getUint32(at + 4);
      out.push({
        type,
        timestamp: (time >>> 8) + (time & 0xff) * 2 ** 24,
        body: b.subarray(at + headSize, at + headSize + size),
      });
      at += headSize + size + 4;
    }
    return this.keep(b, at, out);
  }

  private keep(b: Uint8Array, at: number, out: Tag[]): Tag[] {
    this.rest = b.slice(at);
    return out;
  }
}

/** Splice makes one FLV stream of several: the times of each go on after those of the one before. */
export class Splice {
  private tags = new Tags();
  private base = 0;
  private last = 0;
  private fresh = true;
  private started = false;

  /** onTag is told of each tag, with its time in the whole. */
  constructor(private readonly onTag: (tag: Tag) => void) {}

  /** end is where the next stream begins, in ms. */
  get end(): number {
    return this.started ? this.last + frame : 0;
  }

  /** next says that another stream comes, with a file header of its own if headed is set. at is the time that it has in ms. */
  next(headed = true, at?: number): void {
    this.tags.reset(headed);
    if (at !== undefined) this.last = at - frame;
    this.fresh = true;
  }

  /** push takes bytes of the current stream and returns those of the whole. */
  push(bytes: Uint8Array): Uint8Array {
    const list = this.tags.push(bytes);
    if (list.length === 0) return new Uint8Array(0);
    const out: Uint8Array[] = [];
    if (this.fresh) {
      const first = list.find((t) => t.type !== Script) ?? list[0]!;
      this.base = this.started ? first.timestamp - this.end : 0;
      this.fresh = false;
    }
    if (!this.started) {
      out.push(Uint8Array.of(0x46, 0x4c, 0x56, 1, this.tags.kinds || 5, 0, 0, 0, 9, 0, 0, 0, 0));
      this.started = true;
    }
    for (const t of list) {
      const timestamp = Math.max(0, t.timestamp - this.base);
      this.last = Math.max(this.last, timestamp);
      out.push(written(t, timestamp));
      this.onTag({ type: t.type, timestamp, body: t.body });
    }
    return join(out);
  }
}

function written(t: Tag, at: number): Uint8Array {
  const b = new Uint8Array(headSize + t.body.length + 4);
  const v = new DataView(b.buffer);
  v.setUint32(0, (t.type * 2 ** 24 + t.body.length) >>> 0);
  v.setUint32(4, (((at & 0xffffff) << 8) | ((at >>> 24) & 0xff)) >>> 0);
  b.set(t.body, headSize);
  v.setUint32(headSize + t.body.length, headSize + t.body.length);
  return b;
}
