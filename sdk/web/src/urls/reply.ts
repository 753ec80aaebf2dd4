/** One request of the worker's, and what is answered. */
import type { File, Live } from "../source";
import type { Flash } from "./flash";
import type { FromPage, Get, Head, Refusal, ToPage } from "./messages";
import { partOf } from "./ranges";
import { rewrite } from "./rewrite";
import type { Lease, Listing, Shelf } from "./shelf";

const readAtOnce = 256 << 10;
/** urgent is for how long a player that has just come to a place holds little, in s of the file; at least minUrgent bytes. */
const urgent = 8;
const minUrgent = 512 << 10;
const maxPlaylist = 1 << 20;
/** headTime is after how long a SWF gets the beginning of an answer, in ms, whatever comes: the worker does not wait much longer. */
const headTime = 15_000;
const listType = "application/vnd.apple.mpegurl";
/** never are endings of what is no stream of its own. */
const never = /\.(ts|m4s|aac|vtt|webvtt|key|cmf[vat])$/i;
/** origins are failures of one segment, and not of the stream that it is of. */
const origins = ["source_refused", "source_unreachable", "source_unranged", "source_changed"];

/** Answered is how an answer begins, and what gives the rest of it, piece by piece. */
interface Answered {
  head: Head;
  next(): Promise<Uint8Array | undefined>;
}

/** Reply answers a request on its port, until it ends. */
export class Reply {
  private readonly control = new AbortController();
  private answered: Answered | undefined;
  private lease: Lease | undefined;
  private over = false;

  constructor(
    private readonly get: Get,
    private readonly port: MessagePort,
    private readonly shelf: Shelf,
    private readonly flash: Flash,
    /** place returns the URL of the site for a URL. */
    private readonly place: (url: string) => string | undefined,
    private readonly ended: () => void,
  ) {
    port.onmessage = ({ data }: MessageEvent<ToPage>) => {
      if ("pull" in data) void this.pull();
      else if ("cancel" in data) this.end();
    };
  }

  /** begin says how the answer begins, or why there is none. */
  async begin(): Promise<void> {
    try {
      const answered = await this.open();
      if (this.over) return;
      this.answered = answered;
      this.say({ head: answered.head });
      if (this.get.head) this.end();
    } catch (why) {
      this.refuse(why);
    }
  }

  /** refuse says that there is no answer. */
  refuse(why: unknown): void {
    this.say({ refused: reasonOf(why) });
    this.end(why);
  }

  /** end gives back what was used. why is a failure. */
  end(why?: unknown): void {
    if (this.over) return;
    this.over = true;
    this.control.abort();
    this.give(why);
    this.port.close();
    this.ended();
  }

  private give(why?: unknown): void {
    const { lease } = this;
    this.lease = undefined;
    lease?.release(why !== undefined && !("listing" in lease && origins.includes(reasonOf(why).code)));
  }

  private say(m: FromPage, transfer: Transferable[] = []): void {
    if (!this.over) this.port.postMessage(m, transfer);
  }

  private async pull(): Promise<void> {
    try {
      const bytes = await this.answered?.next();
      if (this.over) return;
      if (!bytes) {
        this.say({ end: true });
        this.end();
        return;
      }
      const own = bytes.slice();
      this.say({ bytes: own }, [own.buffer]);
    } catch (why) {
      this.say({ failed: reasonOf(why).message });
      this.end(why);
    }
  }

  /** hold keeps what was taken; who has gone meanwhile gives it back. */
  private hold<T extends Lease>(lease: T): T {
    this.lease = lease;
    if (!this.over) return lease;
    this.give();
    throw this.control.signal.reason;
  }

  private async open(): Promise<Answered> {
    const { target, session } = this.get;
    if (session) return this.session(session);
    const path = target.replace(/[?#].*$/, "");
    const known = this.shelf.knows(target);
    if (typeof known === "object") return this.media(this.hold(this.shelf.list(known.media)).listing);
    const web = /^https?:/.test(target);
    if (web && (known === "playlist" || /\.m3u8?$/i.test(path))) return this.playlist(this.hold(this.shelf.list(target)).listing);
    if (web && (known === "other" || never.test(path))) throw refusal("source_refused", "players load this from its own URL");
    const lease = this.hold(await this.shelf.take(target));
    if ("listing" in lease) return this.playlist(lease.listing);
    return lease.source.kind === "file" ? this.file(lease.source) : this.live(lease.source);
  }

  /** session gives a SWF its FLV. That never ends with an error, which has Ruffle (0.6.0) read on without end: the session's state says how. */
  private async session(id: string): Promise<Answered> {
    if (this.get.head) throw refusal("request_invalid", "a session is fetched by GET");
    const view = await this.flash.take(id);
    this.control.signal.addEventListener("abort", () => view.left());
    if (this.over) view.left();
    const ready = view.ready();
    ready.catch(() => undefined);
    await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, headTime))]);
    return { head: headOf(200, "video/x-flv"), next: () => view.next() };
  }

  private async live(source: Live): Promise<Answered> {
    const head = headOf(200, "video/x-flv");
    if (this.get.head) return { head, next: nothing };
    const first = await source.read();
    return { head, next: after(first, () => source.read()) };
  }

  private async file(source: File): Promise<Answered> {
    const { size, type, etag, duration } = source.info;
    const headers: Record<string, string> = { "Accept-Ranges": "bytes", ...(etag ? { ETag: etag } : {}) };
    const { head: bare, range, ifRange } = this.get;
    const part = bare || (ifRange && ifRange !== etag) ? undefined : partOf(range, size);
    if (part === "none") return { head: headOf(416, type, { ...headers, "Content-Range": `bytes */${size}` }), next: nothing };
    const { from, to } = part ?? { from: 0, to: size };
    if (part) headers["Content-Range"] = `bytes ${from}-${to - 1}/${size}`;
    headers["Content-Length"] = String(to - from);
    const head = headOf(part ? 206 : 200, type, headers);
    if (bare) return { head, next: nothing };
    const soon = from + Math.max(minUrgent, (size / duration) * 1000 * urgent);
    let at = from;
    const read = async (): Promise<Uint8Array | undefined> => {
      if (at >= to) return undefined;
      const b = await source.read(at, Math.min(readAtOnce, to - at), this.control.signal, at < soon);
      at += b.length;
      return b.length > 0 ? b : undefined;
    };
    // The first bytes are waited for: as long as nothing was answered, a player can still load the URL itself.
    const first = await read();
    return { head, next: after(first, read) };
  }

  private async playlist(listing: Listing): Promise<Answered> {
    const text = await this.load(listing, this.get.target);
    const bytes = new TextEncoder().encode(text);
    return { head: headOf(200, listType, { "Content-Length": String(bytes.length) }), next: after(bytes, nothing) };
  }

  /** load loads a playlist, learns what it lists, and returns it as players of this site get it. */
  private async load(listing: Listing, target: string): Promise<string> {
    const { url, text } = await listing.playlists.list(target, this.control.signal);
    if (text.length > maxPlaylist || !text.replace(/^\uFEFF/, "").startsWith("#EXTM3U")) {
      throw refusal("source_invalid", "it is no playlist, or too large");
    }
    listing.base = url;
    return rewrite(text, url, (uri, sort) => {
      this.shelf.learn(uri, sort === "media" ? { media: listing.target } : sort);
      return this.place(uri);
    });
  }

  private async media(listing: Listing): Promise<Answered> {
    const { head: bare, target, range } = this.get;
    if (bare) throw refusal("source_refused", "players ask its own URL for this");
    if (!listing.base) await this.load(listing, listing.target);
    const m = /^bytes=(\d+)-(\d+)$/.exec(range.trim());
    const [from, to] = m ? [Number(m[1]), Number(m[2]) + 1] : [0, 0];
    let bytes = await listing.playlists.segment(target, listing.base, from, to, this.control.signal);
    const headers: Record<string, string> = {};
    let status = 200;
    if (m) {
      status = 206;
      headers["Content-Range"] = `bytes ${from}-${from + bytes.length - 1}/*`;
    } else {
      const part = partOf(range, bytes.length);
      if (part === "none") return { head: headOf(416, "", { "Content-Range": `bytes */${bytes.length}` }), next: nothing };
      if (part) {
        status = 206;
        headers["Content-Range"] = `bytes ${part.from}-${part.to - 1}/${bytes.length}`;
        bytes = bytes.subarray(part.from, part.to);
      }
    }
    headers["Content-Length"] = String(bytes.length);
    const type = /\.ts$/i.test(target.replace(/[?#].*$/, "")) ? "video/mp2t" : "video/mp4";
    return { head: headOf(status, type, headers), next: after(bytes, nothing) };
  }
}

const nothing = (): Promise<undefined> => Promise.resolve(undefined);

/** after gives first, then what next gives. */
function after(first: Uint8Array | undefined, next: Answered["next"]): Answered["next"] {
  let given = false;
  return () => {
    if (given) return first ? next() : nothing();
    given = true;
    return Promise.resolve(first);
  };
}

function refusal(code: string, message: string): Refusal & Error {
  return Object.assign(new Error(message), { code });
}

/** reasonOf reads what was thrown, by whichever bundle. */
function reasonOf(why: unknown): Refusal {
  const { code, message } = (why ?? {}) as { code?: unknown; message?: unknown };
  return { code: typeof code === "string" ? code : "source_unreachable", message: String(message ?? why) };
}

/** headOf makes a head. Only media types pass: a foreign document must never be one of this site. */
function headOf(status: number, type: string, headers: Record<string, string> = {}): Head {
  const media = /^((video|audio)\/[\w.+-]+|application\/vnd\.apple\.mpegurl)$/i.test(type);
  return {
    status,
    headers: {
      "Content-Type": media ? type : "application/octet-stream", "X-Content-Type-Options": "nosniff",
      "Content-Security-Policy": "sandbox", "Cache-Control": "no-store", ...headers,
    },
  };
}
