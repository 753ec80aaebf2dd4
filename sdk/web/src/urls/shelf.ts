/** The Sources of a page by what they play: one for all requests of it, until some time after the last. */
import type { AdapterOptions } from "../player/adapters";
import type { Playlists } from "../player/playlists";
import { directives } from "../playlist";
import type { Fault } from "../fault";
import type { File, Live, Segments, Source } from "../source";
import type { Kit } from "./kit";

/** linger is how long a Source stays without a request: a paused player asks for nothing, in ms. */
const linger = 60_000;
const maxKept = 32;
const maxKnown = 20_000;

/** Listing is a playlist that is open. base is where it was loaded from last, "" before. */
export interface Listing {
  readonly playlists: Playlists;
  readonly target: string;
  base: string;
}

/** Lease is something in use: a file, a live stream that is nobody else's, or a playlist. */
export type Lease = ({ source: Live | File } | { listing: Listing }) & {
  /** release gives it back. broken says that it is of no more use. */
  release(broken?: boolean): void;
};

interface Kept {
  source?: Promise<Source>;
  listing?: Listing;
  users: number;
  timer: number;
  gone: boolean;
}

/** Known is what a playlist said of a URL: that it is a playlist, media of the one named, or neither. */
export type Known = { media: string } | "playlist" | "other";

/** Shelf keeps what is open. */
export class Shelf {
  private readonly kept = new Map<string, Kept>();
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly kit: Kit,
    private readonly options: AdapterOptions,
  ) {}

  /** learn takes down what a playlist says of a URL. */
  learn(url: string, what: Known): void {
    this.known.delete(url);
    this.known.set(url, what);
    if (this.known.size > maxKnown) this.known.delete(this.known.keys().next().value!);
  }

  /** knows returns what a playlist said of a URL. */
  knows(url: string): Known | undefined {
    return this.known.get(url);
  }

  /** take opens what plays target, or returns what is open. */
  async take(target: string): Promise<Lease> {
    const { server = "", opened, ...config } = this.options;
    for (;;) {
      if (this.kept.get(target)?.listing) return this.list(target);
      const k = this.keep(target);
      k.source ??= this.kit.open(server, target, config).then((s) => {
        opened?.(s, target);
        return s;
      });
      let source: Source;
      try {
        source = await k.source;
      } catch (why) {
        this.release(target, k, true);
        if ((why as Partial<Fault>).code === "source_master") return this.list(target);
        throw why;
      }
      if (source.kind === "file") return { source, release: (broken) => this.release(target, k, broken) };
      if (this.kept.get(target) !== k) continue; // somebody else has it
      clearTimeout(k.timer);
      this.kept.delete(target);
      if (source.kind === "hls") return this.list(target, source);
      const live = source;
      return { source: live, release: () => live.close() };
    }
  }

  /** list returns the playlist at target. source is what plays it, if that is open. */
  list(target: string, source?: Segments): Lease & { listing: Listing } {
    const plain = target.includes("://") ? directives(target)[0] : target;
    const k = this.keep(plain);
    if (!k.listing) {
      const { server = "", opened, ...config } = this.options;
      const playlists = new this.kit.Playlists({ server, config, strict: false, ...(opened ? { opened } : {}) });
      if (source) playlists.add(plain, source);
      k.listing = { playlists, target: plain, base: "" };
    }
    return { listing: k.listing, release: (broken) => this.release(plain, k, broken) };
  }

  /** close closes all of them. */
  close(): void {
    for (const [key, k] of [...this.kept]) {
      k.users = 0;
      this.drop(key, k);
    }
    this.known.clear();
  }

  private keep(key: string): Kept {
    let k = this.kept.get(key);
    if (!k) {
      if (this.kept.size >= maxKept) this.makeRoom();
      k = { users: 0, timer: 0, gone: false };
      this.kept.set(key, k);
    }
    clearTimeout(k.timer);
    k.users++;
    return k;
  }

  private makeRoom(): void {
    for (const [key, k] of this.kept) {
      if (k.users > 0) continue;
      this.drop(key, k);
      return;
    }
    throw new this.kit.Fault("limit_reached", `this page plays ${maxKept} streams at once; close some`);
  }

  private release(key: string, k: Kept, broken = false): void {
    k.users--;
    if (broken && !k.gone) {
      k.gone = true;
      if (this.kept.get(key) === k) this.kept.delete(key);
    }
    if (k.users > 0) return;
    if (k.gone) this.drop(key, k);
    else k.timer = window.setTimeout(() => this.drop(key, k), linger);
  }

  private drop(key: string, k: Kept): void {
    if (this.kept.get(key) === k) this.kept.delete(key);
    clearTimeout(k.timer);
    k.gone = true;
    k.listing?.playlists.close();
    k.source?.then((s) => s.close(), () => undefined);
  }
}
