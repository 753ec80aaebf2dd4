/** hls.js's loader (hls.config.loader), which takes playlists and segments from Sources, and anything else by fetch. */
import type { Config } from "../config";
import { asking } from "../fair";
import { asFault, codeOf } from "../fault";
import { open } from "../open";
import { directives } from "../playlist";
import type { Segments } from "../source";

interface Context {
  url: string;
  type?: string;
  responseType: string;
  headers?: Record<string, string>;
  rangeStart?: number;
  rangeEnd?: number;
  frag?: { baseurl?: string };
  keyInfo?: unknown;
}

interface Callbacks {
  onSuccess(response: { url: string; data: string | ArrayBuffer; code: number }, stats: Stats, context: Context, details: null): void;
  onError(error: { code: number; text: string }, context: Context, details: null, stats: Stats): void;
}

interface Stats {
  aborted: boolean;
  loaded: number;
  retry: number;
  total: number;
  chunkCount: number;
  bwEstimate: number;
  loading: { start: number; first: number; end: number };
  parsing: { start: number; end: number };
  buffering: { start: number; first: number; end: number };
}

/** PlaylistsOptions say where a Playlists opens what it plays. */
export interface PlaylistsOptions {
  server: string;
  config: Config;
  /** strict fails what the server refuses; otherwise it is loaded from its own URL, as without superp2p. */
  strict: boolean;
  /** opened is told of each Source. */
  opened?(source: Segments, url: string): void;
  /** failed is told why a playlist could not be opened. */
  failed?(why: unknown): void;
}

/** Playlists are the playlists of one player, each with a Source of its own. */
export class Playlists {
  private readonly sources = new Map<string, Promise<Segments | undefined>>(); // by the URL asked for
  private readonly loaded = new Map<string, Segments>(); // by the URL that it came from
  private readonly control = new AbortController();
  private config: Config | undefined;

  constructor(private readonly options: PlaylistsOptions) {}

  /** add plays a Source that is open under a URL. */
  add(url: string, source: Segments): void {
    this.sources.set(url, Promise.resolve(source));
  }

  /** close closes all Sources. */
  close(): void {
    this.control.abort();
    for (const s of this.sources.values()) s.then((source) => source?.close(), () => undefined);
    this.sources.clear();
    this.loaded.clear();
  }

  /** list loads a playlist. */
  async list(url: string, signal: AbortSignal): Promise<{ url: string; text: string }> {
    const [plain, query] = directives(url);
    const source = await this.source(plain);
    if (!source) return fetched(url, signal);
    const got = await source.playlist(query, signal);
    this.loaded.set(got.url, source);
    return got;
  }

  /** segment loads a segment of the playlist at base. */
  async segment(url: string, base: string, from: number, to: number, signal: AbortSignal): Promise<Uint8Array> {
    const source = this.loaded.get(base) ?? (await this.sources.get(directives(base)[0]));
    if (source) return source.segment(url, { offset: from, length: Math.max(0, to - from) }, signal);
    const headers = to > from ? { Range: `bytes=${from}-${to - 1}` } : {};
    const answer = await fetch(url, { signal, headers });
    if (!answer.ok) throw new Error("the origin answers with status " + answer.status);
    return new Uint8Array(await answer.arrayBuffer());
  }

  private source(url: string): Promise<Segments | undefined> {
    const known = this.sources.get(url);
    if (known) return known;
    const { server, strict } = this.options;
    this.config ??= asking(this.options.config); // once for all playlists of the player
    const opening = open(server, url, this.config, this.control.signal).then(
      (s) => {
        if (s.kind !== "hls") {
          s.close();
          return undefined;
        }
        this.options.opened?.(s, url);
        return s;
      },
      (why: unknown) => {
        if (codeOf(why) === "source_master") return undefined;
        if (!strict) return undefined;
        this.options.failed?.(why);
        throw why;
      },
    );
    this.sources.set(url, opening);
    return opening;
  }
}

async function fetched(url: string, signal: AbortSignal): Promise<{ url: string; text: string }> {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error("the origin answers with status " + answer.status);
  return { url: answer.url || url, text: await answer.text() };
}

const isPlaylist = (c: Context): boolean => ["manifest", "level", "audioTrack", "subtitleTrack"].includes(c.type ?? "");

/** loaderOf makes a class that hls.js takes as its loader. */
export function loaderOf(playlists: Playlists): new (config?: unknown) => object {
  return class {
    context: Context | null = null;
    readonly stats: Stats = {
      aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0,
      loading: { start: 0, first: 0, end: 0 }, parsing: { start: 0, end: 0 }, buffering: { start: 0, first: 0, end: 0 },
    };
    private readonly control = new AbortController();

    load(context: Context, _config: unknown, callbacks: Callbacks): void {
      this.context = context;
      this.stats.loading.start = performance.now();
      void this.run(context, callbacks);
    }

    abort(): void {
      this.stats.aborted = true;
      this.control.abort();
    }

    destroy(): void {
      this.abort();
      this.context = null;
    }

    private async run(context: Context, callbacks: Callbacks): Promise<void> {
      const { stats } = this;
      const { signal } = this.control;
      try {
        const { url, data } = await this.get(context, signal);
        if (stats.aborted) return;
        stats.loading.end = performance.now();
        stats.loading.first = Math.max(stats.loading.start, stats.loading.end - 1);
        stats.loaded = stats.total = typeof data === "string" ? data.length : data.byteLength;
        callbacks.onSuccess({ url, data, code: 200 }, stats, context, null);
      } catch (why) {
        if (!stats.aborted) callbacks.onError({ code: 0, text: asFault(why).message }, context, null, stats);
      }
    }

    private async get(context: Context, signal: AbortSignal): Promise<{ url: string; data: string | ArrayBuffer }> {
      if (isPlaylist(context)) {
        const { url, text } = await playlists.list(context.url, signal);
        return { url, data: text };
      }
      const from = context.rangeStart ?? 0;
      const to = context.rangeEnd ?? 0;
      const base = context.keyInfo ? "" : (context.frag?.baseurl ?? "");
      const bytes = await playlists.segment(context.url, base, from, to, signal);
      if (context.responseType === "arraybuffer") {
        const { buffer, byteLength } = bytes;
        return { url: context.url, data: (buffer.byteLength === byteLength ? buffer : bytes.slice().buffer) as ArrayBuffer };
      }
      return { url: context.url, data: new TextDecoder().decode(bytes) };
    }
  };
}
