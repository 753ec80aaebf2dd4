/** What has come of a live playlist, by segments; whole ones stay for a while, so that a player gets them at once. */
import { now } from "./engine";
import { join } from "./flv";
import { whole } from "./playlist";
import type { Listed } from "./playlist";

/** keepFor is how long segments stay, in ms, and keepBytes how much of them. */
const keepFor = 60_000;
const keepBytes = 64 << 20;
const maxSegment = 64 << 20;

/** Head is the payload of the first slice of a segment (Segment of openapi.yaml). */
export interface Head {
  sequence: number;
  path: string;
  offset?: number;
  length?: number;
  size: number;
  slice?: number;
  duration: number;
  discontinuity?: boolean;
  gap?: boolean;
}

interface Group {
  number: number;
  head: Head | undefined;
  slices: Map<number, Uint8Array>;
  data: Uint8Array | undefined;
  since: number; // whole
  begun: number;
}

interface Waiter {
  segment: Listed;
  until: number;
  answer: (data: Uint8Array | undefined) => void;
}

/** parseHead reads the first slice of a group, undefined if it is none that can be. */
export function parseHead(payload: Uint8Array): Head | undefined {
  try {
    const h = JSON.parse(new TextDecoder().decode(payload)) as Head;
    const fits = (v: number | undefined, most: number): boolean => v === undefined || (Number.isInteger(v) && v >= 0 && v <= most);
    if (typeof h.path !== "string" || !fits(h.size, maxSegment) || !fits(h.slice, 65536) || (h.size > 0 && !h.slice)) return undefined;
    return fits(h.offset, 2 ** 52) && fits(h.length, 2 ** 52) && fits(h.sequence, 2 ** 52) ? h : undefined;
  } catch {
    return undefined;
  }
}

/** isSegment tells whether what a playlist lists is the segment that the server speaks of: hosts and queries may differ. */
export function isSegment(h: Head, want: Listed): boolean {
  const { offset, length } = want.range ?? whole;
  return h.sequence === want.sequence && new URL(want.url).pathname === h.path && offset === (h.offset ?? 0) && length === (h.length ?? 0);
}

function slicesOf(h: Head): number {
  return h.size > 0 && h.slice ? 1 + Math.ceil(h.size / h.slice) : 1;
}

/** LiveSegments are those of one viewer. */
export class LiveSegments {
  private groups = new Map<number, Group>(); // of the track that is played
  private readonly listed = new Map<number, Group>(); // the same by sequence number, and whole ones of tracks before
  private readonly waiting = new Map<number, Waiter[]>();
  private complete: Group[] = []; // oldest first
  private bytes = 0;
  private start = -1;
  private gone = 0; // sequence number before which nothing will come any more

  /** onHead is told of each head. */
  constructor(private readonly onHead: (number: number, head: Head) => void) {}

  /** restart begins with another track: what was not whole will never be. */
  restart(start: number): void {
    this.groups = new Map();
    this.start = start;
    this.gone = 0;
    for (const [n, g] of this.listed) if (!g.data) this.listed.delete(n);
    for (const n of [...this.waiting.keys()]) this.giveUp(n);
  }

  /** add takes a proved slice in. */
  add(number: number, group: number, payload: Uint8Array): void {
    let g = this.groups.get(group);
    if (!g) {
      g = { number: group, head: undefined, slices: new Map(), data: undefined, since: 0, begun: now() };
      this.groups.set(group, g);
    }
    if (g.data) return;
    if (number > group) {
      g.slices.set(number - group - 1, payload);
    } else if (!g.head) {
      g.head = parseHead(payload);
      if (!g.head) return;
      this.listed.set(g.head.sequence, g);
      if (group === this.start) this.gone = Math.max(this.gone, g.head.sequence);
      this.onHead(group, g.head);
    }
    this.put(g);
  }

  /** ask returns a segment when it is whole, undefined when it is to be had elsewhere: after patience ms since it was listed. */
  ask(segment: Listed, seen: number, patience: number): Promise<Uint8Array | undefined> {
    const n = segment.sequence;
    const g = this.listed.get(n);
    if (g?.data) return Promise.resolve(this.of(g, segment));
    if ((g?.head && (g.head.gap || !isSegment(g.head, segment))) || n < this.gone) return Promise.resolve(undefined);
    // A player that has waited for the segment before asks late for this one, which may be in need all the more.
    const until = (g && g.begun < seen ? g.begun : seen) + patience;
    return new Promise((answer) => {
      const list = this.waiting.get(n) ?? [];
      list.push({ segment, until, answer });
      this.waiting.set(n, list);
    });
  }

  /** sweep lets go of what is too old, and of who has waited for long enough; position is the slice that is played next. */
  sweep(position: number): void {
    const t = now();
    for (let g = this.complete[0]; g && (this.bytes > keepBytes || t - g.since > keepFor); g = this.complete[0]) {
      this.complete.shift();
      this.bytes -= g.data!.length;
      this.drop(g);
    }
    for (const [n, list] of this.waiting) {
      const keep = list.filter((w) => t < w.until && n >= this.gone);
      for (const w of list) if (!keep.includes(w)) w.answer(undefined);
      if (keep.length) this.waiting.set(n, keep);
      else this.waiting.delete(n);
    }
    for (const g of [...this.groups.values()]) {
      if (!g.data && g.number + (g.head ? slicesOf(g.head) : 1024) <= position) this.drop(g);
    }
  }

  /** close gives up all that waits. */
  close(): void {
    for (const n of [...this.waiting.keys()]) this.giveUp(n);
  }

  private put(g: Group): void {
    const h = g.head;
    if (!h) return;
    if (h.gap || h.size === 0) {
      this.giveUp(h.sequence);
      return;
    }
    const k = slicesOf(h) - 1;
    if (g.slices.size < k) return;
    const data = join(Array.from({ length: k }, (_, i) => g.slices.get(i) ?? new Uint8Array(0)));
    g.slices.clear();
    if (data.length !== h.size) {
      this.giveUp(h.sequence); // the server does not keep to its own word
      return;
    }
    g.data = data;
    g.since = now();
    this.complete.push(g);
    this.bytes += data.length;
    const waiting = this.waiting.get(h.sequence) ?? [];
    this.waiting.delete(h.sequence);
    for (const w of waiting) w.answer(this.of(g, w.segment));
  }

  private of(g: Group, want: Listed): Uint8Array | undefined {
    return g.head && isSegment(g.head, want) ? g.data : undefined;
  }

  private giveUp(n: number): void {
    for (const w of this.waiting.get(n) ?? []) w.answer(undefined);
    this.waiting.delete(n);
  }

  private drop(g: Group): void {
    if (this.groups.get(g.number) === g) {
      this.groups.delete(g.number);
      if (g.head) this.gone = Math.max(this.gone, g.head.sequence + 1);
    }
    if (g.head && this.listed.get(g.head.sequence) === g) this.listed.delete(g.head.sequence);
  }
}
