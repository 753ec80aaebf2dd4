/** The server's HTTP interface (docs/openapi.yaml), by fetch. */
import { check, checkLive, invalid } from "./answers";
import type { Found, Live, Resolution } from "./answers";
import { now } from "./engine";
import { ended, Fault } from "./fault";
import { FetchError } from "./kinds";

/** sliceTimeout is how long a slice may take once the server has it, in ms; fileTimeout where it must see a file first. */
const sliceTimeout = 5_000;
const fileTimeout = 25_000;
const resolveTimeout = 12_000;

/** Traffic counts what was asked of a server. */
export interface Traffic {
  requests: number;
  bytes: number;
}

/** Wish is how a slice is asked for: how many ms the server may wait for it, and only if it gave fewer copies. 0 says nothing. */
export interface Wish {
  wait: number;
  copies: number;
  /** also are the numbers of others, which the same answer brings. */
  also?: number[];
}

/** Edge asks one server. */
export class Edge {
  readonly traffic: Traffic = { requests: 0, bytes: 0 };
  private readonly base: string;

  /** server is its base URL, http(s)://host[:port][/path]. */
  constructor(
    readonly server: string,
    private readonly token = "",
  ) {
    this.base = server.replace(/\/*$/, "/");
  }

  /** url makes an address of the server's absolute. Paths that begin with a slash are below the base too. */
  url(ref: string): string {
    try {
      const u = new URL(/^\/\//.test(ref) ? ref : ref.replace(/^\//, ""), this.base);
      if (u.protocol === "http:" || u.protocol === "https:") return u.href;
    } catch {
      // said below
    }
    throw invalid("it names an address that is not http(s)");
  }

  /** tracker is the WebSocket of a resolution, "" if there is none. */
  tracker(res: Resolution): string {
    if (!res.tracker) return "";
    if (/^wss?:\/\/./.test(res.tracker)) return res.tracker;
    return this.url(res.tracker).replace(/^http/, "ws");
  }

  /** slice is the address of slice n by one of a resolution's templates. */
  slice(template: string, res: Resolution, n: number, wish?: Wish): string {
    let u = this.url(template.replace("{track}", res.track).replace("{number}", String(n)));
    const query: string[] = [];
    if (wish && wish.wait > 0) query.push("wait=" + Math.min(20, Math.ceil(wish.wait / 1000)));
    if (wish && wish.copies > 0) query.push("copies=" + Math.min(1000, wish.copies));
    if (wish?.also) query.push("also=" + wish.also);
    if (query.length) u += (u.includes("?") ? "&" : "?") + query.join("&");
    return u;
  }

  /** resolve asks where target is, a URL with "://" or a channel id. */
  async resolve(target: string, signal: AbortSignal): Promise<Found> {
    const key = target.includes("://") ? "url" : "channel";
    const { json, at, trip } = await this.json<Resolution>(`v1/resolve?${key}=${encodeURIComponent(target)}`, signal);
    const found = check(json);
    found.offset = at - trip / 2 - found.res.now;
    if (trip > 300 && !found.res.file) await this.measure(found, signal);
    return found;
  }

  /** measure reads the server's clock again: the first answer may have waited at the server, which looks like a long way. */
  private async measure(found: Found, signal: AbortSignal): Promise<void> {
    try {
      const { json, at, trip } = await this.json<Live>("v1/tracks/" + found.res.track, signal);
      checkLive(json);
      const { line, edge, groups, rate, first, now: clock } = json;
      Object.assign(found.res, { line, edge, groups, rate, first, now: clock });
      found.offset = at - trip / 2 - clock;
    } catch (e) {
      if (signal.aborted) throw e;
    }
  }

  /** live asks how a track is. */
  async live(track: string, signal: AbortSignal): Promise<Live> {
    const { json } = await this.json<Live>("v1/tracks/" + track, signal);
    return json;
  }

  /**
   * bytes makes one request and returns the body of a 200, or of a 206 where from is given. It throws the Fault that the
   * server tells.
   */
  async bytes(url: string, signal: AbortSignal, patience = sliceTimeout, from = 0): Promise<Uint8Array> {
    const headers = from > 0 ? { Range: `bytes=${from}-` } : {};
    return this.ask(url, signal, patience, headers, async (answer) => {
      if (answer.status === 206) {
        const range = answer.headers.get("Content-Range") ?? "";
        if (!range.startsWith(`bytes ${from}-`)) throw invalid("it sends another part than was asked for");
      }
      return new Uint8Array(await answer.arrayBuffer());
    });
  }

  /** proof fetches what proves slice n of a file, without its payload. */
  proof(res: Resolution, n: number, signal: AbortSignal): Promise<Uint8Array> {
    return this.bytes(this.slice(res.file!.proofs, res, n), signal, fileTimeout);
  }

  /** text fetches a text of the server's. */
  text(url: string, signal: AbortSignal): Promise<string> {
    return this.ask(url, signal, fileTimeout, {}, (answer) => answer.text());
  }

  private async json<T>(ref: string, signal: AbortSignal): Promise<{ json: T; at: number; trip: number }> {
    const begun = now();
    let at = begun;
    const json = await this.ask(this.url(ref), signal, resolveTimeout, {}, async (answer) => {
      at = now();
      try {
        return (await answer.json()) as T;
      } catch (e) {
        throw signal.aborted ? e : invalid("it is no JSON");
      }
    });
    return { json, at, trip: at - begun };
  }

  private async ask<T>(
    url: string, signal: AbortSignal, patience: number, headers: Record<string, string>, take: (answer: Response) => Promise<T>,
  ): Promise<T> {
    const request = limited(signal, patience);
    this.traffic.requests++;
    if (this.token) headers = { ...headers, Authorization: "Bearer " + this.token };
    try {
      const answer = await fetch(url, { signal: request.signal, headers, cache: "no-store", credentials: "omit" });
      if (answer.status !== 200 && answer.status !== 206) throw await refusal(answer);
      const got = await take(answer);
      if (got instanceof Uint8Array) this.traffic.bytes += got.length;
      return got;
    } catch (e) {
      if (e instanceof Fault) throw e;
      if (signal.aborted) throw ended(signal);
      throw new Fault("server_unreachable", "no answer from the superp2p server " + this.base + "; check its address and that it runs", e);
    } finally {
      request.done();
    }
  }
}

/** limited is a signal that is given up after so many ms too. */
export function limited(signal: AbortSignal, ms: number): { signal: AbortSignal; done: () => void } {
  const own = new AbortController();
  const give = (): void => own.abort();
  const timer = setTimeout(give, ms);
  if (signal.aborted) give();
  else signal.addEventListener("abort", give);
  return {
    signal: own.signal,
    done: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", give);
    },
  };
}

async function refusal(answer: Response): Promise<Fault> {
  try {
    return faultIn(await answer.json());
  } catch {
    // said below
  }
  return new Fault(answer.status >= 500 ? "server_unreachable" : "server_invalid", "the server answers with status " + answer.status);
}

/** faultIn reads what a server says of a failure; it throws where that is something else. */
export function faultIn(body: unknown): Fault {
  const { error } = body as { error: { code: string; message: string } };
  if (typeof error.code !== "string") throw invalid("it says no code of a failure");
  return new Fault(error.code, String(error.message));
}

/** fetchError tells the engine why a slice was not given. */
export function fetchError(code: string): number {
  switch (code) {
    case "slice_not_yet":
      return FetchError.NotYet;
    case "slice_gone":
      return FetchError.Gone;
    case "slice_enough":
      return FetchError.Enough;
    case "track_unknown":
      return FetchError.TrackUnknown;
    case "source_ended":
    case "source_lost":
      return FetchError.SourceEnded;
  }
  return FetchError.Unreachable;
}

/** unreachable tells whether a failure is that there was no answer, rather than what one said. */
export function unreachable(code: string): boolean {
  return ["server_unreachable", "server_invalid", "internal", "closed"].includes(code);
}
