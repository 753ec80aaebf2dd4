/**
 * Where slices come from that peers do not give, of a file or playlist: their bytes from the viewer's own URL, their proofs from
 * the server, which gives the bytes too where the origin does not.
 */
import type { Found } from "./answers";
import { Reader } from "./codec";
import type { Edge } from "./edge";
import { limited } from "./edge";
import { codeOf, ended, Fault } from "./fault";
import { askServer } from "./ask";
import type { Ask, Got } from "./ask";

/** maxFailed is how many answers in a row may be missing before the origin is not asked any more; maxOthers, have other bytes. */
const maxFailed = 3;
const maxOthers = 3;
const readTimeout = 10_000;

/** Spot is a part of what is at a URL. */
export interface Spot {
  url: string;
  offset: number;
  size: number;
}

/** Proof is what a statement says of one slice, and its bytes as the server gave them. */
export interface Proof {
  bytes: Uint8Array;
  /** of the slice */
  size: number;
  /** where it begins in all that the statement speaks of, and how much that is */
  start: number;
  total: number;
  group: number;
}

/** parseProof reads what a server says of slice n; undefined of what is no proof of it. It checks no signature. */
export function parseProof(bytes: Uint8Array, n: number): Proof | undefined {
  try {
    const frame = new Reader(bytes);
    const r = new Reader(frame.run());
    frame.raw(64);
    const first = r.uvarint();
    const group = first - r.uvarint();
    for (let i = 0; i < 4; i++) r.uvarint(); // time, duration, cut, flags
    const count = r.uvarint();
    const p: Proof = { bytes, size: 0, start: 0, total: 0, group };
    for (let i = 0; i < count; i++) {
      const size = r.uvarint();
      r.raw(32);
      if (first + i === n) Object.assign(p, { size, start: p.total });
      p.total += size;
    }
    return p.size > 0 ? p : undefined;
  } catch {
    return undefined;
  }
}

/** readRange reads a part of what is at a URL; size 0 is all of it. */
export async function readRange(at: Spot, signal: AbortSignal, patience = readTimeout): Promise<Uint8Array> {
  const request = limited(signal, patience);
  try {
    const headers = at.size > 0 ? { Range: `bytes=${at.offset}-${at.offset + at.size - 1}` } : undefined;
    const answer = await fetch(at.url, { signal: request.signal, ...(headers ? { headers } : {}) });
    if (!answer.ok) throw new Fault("source_refused", "the origin answers with status " + answer.status);
    if (at.size > 0 && answer.status !== 206) {
      void answer.body?.cancel();
      throw new Fault("source_unranged", "the origin does not answer Range requests with 206");
    }
    const b = new Uint8Array(await answer.arrayBuffer());
    if (at.size > 0 && b.length !== at.size) throw new Fault("source_changed", "the origin gives another part than was asked for");
    return b;
  } catch (e) {
    if (signal.aborted) throw ended(signal);
    if (e instanceof Fault) throw e;
    throw new Fault("source_unreachable", "the origin does not answer, or does not let this page read it (CORS)", e);
  } finally {
    request.done();
  }
}

/** Place tells where slices are at an origin. */
export interface Place {
  /** blind: it can be told without a proof. */
  readonly blind: boolean;
  locate(n: number, proof: Proof | undefined, signal: AbortSignal): Promise<Spot>;
  /** differs is told that the origin has other bytes of a group than those proved. */
  differs(group: number): void;
  /** unproved is told that the server cannot prove a group. */
  unproved(group: number): void;
}

/** unprovable tells whether the server will not prove a group however often it is asked. */
function unprovable(code: string): boolean {
  return [
    "source_invalid", "source_refused", "source_changed", "source_unranged", "origin_not_allowed", "address_private", "request_invalid",
  ].includes(code);
}

/** Origin answers what the engine asks, of a file or complete playlist. */
export class Origin {
  /** bytes that came from the origin. */
  bytes = 0;
  private away: boolean;
  private failed = 0;
  private others = 0;
  private readonly known = new Set<number>(); // groups that are others, or cannot be proved
  private readonly proofs = new Map<number, Promise<Uint8Array>>(); // by group

  constructor(
    private readonly edge: Edge,
    private readonly found: Found,
    private readonly place: Place,
    own: boolean,
  ) {
    this.away = !own;
  }

  /** isAnother tells whether the viewer's own bytes of a group are to be played. */
  isAnother(group: number): boolean {
    return this.known.has(group) || this.others >= maxOthers;
  }

  /** fetch is Client.fetch. */
  async fetch(ask: Ask, signal: AbortSignal): Promise<Got> {
    const size = this.found.res.file!.group;
    const group = ask.number - (ask.number % size);
    if (!this.away) {
      try {
        return await this.ask(ask, group, signal);
      } catch (e) {
        if (signal.aborted || codeOf(e) === "track_unknown") throw e;
      }
    }
    try {
      return await askServer(this.edge, this.found, ask, signal);
    } catch (e) {
      if (unprovable(codeOf(e)) && !this.known.has(group)) {
        this.known.add(group);
        this.place.unproved(group);
      }
      throw e;
    }
  }

  /** differ takes note that the origin's bytes of a slice are others than those proved. */
  differ(number: number): void {
    const group = number - (number % this.found.res.file!.group);
    if (!this.known.has(group)) {
      this.known.add(group);
      this.others++;
    }
    this.away ||= this.place.blind || this.others >= maxOthers;
    this.place.differs(group);
  }

  private async ask(ask: Ask, group: number, signal: AbortSignal): Promise<Got> {
    const { place } = this;
    const early = place.blind ? this.read(ask, undefined, signal) : undefined;
    early?.catch(() => undefined);
    let bytes = new Uint8Array(0) as Uint8Array;
    let proof: Proof | undefined = ask.head > 0 ? { bytes, size: ask.size, start: ask.start, total: ask.total, group: ask.group } : undefined;
    if (!proof) {
      bytes = await this.proof(group, ask.number, signal);
      proof = parseProof(bytes, ask.number);
      if (!proof) throw new Fault("server_invalid", "the server sent something else than the proof asked for");
    }
    try {
      const payload = await (early ?? this.read(ask, proof, signal));
      this.failed = 0;
      this.others = this.away ? this.others : 0;
      this.bytes += payload.length;
      return { proof: bytes, payload };
    } catch (e) {
      if (!signal.aborted) this.refused(codeOf(e), ask.number);
      throw e;
    }
  }

  private async read(ask: Ask, proof: Proof | undefined, signal: AbortSignal): Promise<Uint8Array> {
    const at = await this.place.locate(ask.number, proof, signal);
    return readRange({ url: at.url, offset: at.offset + ask.offset, size: at.size - ask.offset }, signal);
  }

  /** proof asks the server once for each group. Who asked first may be given up; then the next one asks. */
  private proof(group: number, number: number, signal: AbortSignal): Promise<Uint8Array> {
    const under = this.proofs.get(group);
    if (under) return under.catch(() => this.edge.proof(this.found.res, number, signal));
    const p = this.edge.proof(this.found.res, number, signal);
    this.proofs.set(group, p);
    p.catch(() => this.proofs.delete(group));
    return p;
  }

  private refused(code: string, number: number): void {
    if (code === "source_changed" && !this.place.blind) {
      this.differ(number); // the segment has another size, or another is listed
      return;
    }
    this.failed++;
    const final = ["source_changed", "source_refused", "source_unranged"].includes(code);
    this.away ||= (final && this.place.blind) || this.failed >= maxFailed;
  }
}
