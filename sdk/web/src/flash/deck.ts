/** What a SWF plays by the page: its Sources, for one view after the other. */
import type { Config } from "../config";
import type { Kit } from "../urls/kit";
import type { Source } from "../source";
import type { Converter, Question } from "./converter";

/** Wishes are what a SWF says of how to play (superp2p.flash.open). */
export interface Wishes {
  target: string;
  /** server is named only if somebody has named it; else it is the page's. */
  server?: string;
  /** In seconds: where a film begins, how far behind live, how long things may take. */
  start?: number;
  delay?: number;
  startTimeout?: number;
  stallTimeout?: number;
  upload?: boolean;
  /** tracks is "audio" or "video" if only that is wanted. */
  tracks?: string;
  /** after is the session whose play goes on in this one. */
  after?: string;
}

const maxPlaylist = 1 << 20;

/** Deck holds what is open of a target. */
export class Deck {
  private readonly open: { source: Source; number: number }[] = [];
  /** since is when it was opened, by performance.now. */
  readonly since = performance.now();
  private closed = false;

  private constructor(
    private readonly kit: Kit,
    readonly converter: Converter,
  ) {}

  /** load opens a target, or of a master playlist a variant that Flash players can play. */
  static async load(kit: Kit, converter: Converter, server: string, target: string, config: Config): Promise<Deck> {
    const deck = new Deck(kit, converter);
    try {
      await deck.add(server, target, config).catch(async (why: unknown) => {
        if ((why as { code?: string }).code !== "source_master") throw why;
        const answer = await fetch(target);
        const text = await answer.text();
        if (!answer.ok || text.length > maxPlaylist) throw new kit.Fault("source_refused", "the origin does not give the playlist: status " + answer.status);
        const { url, audio } = converter.choose(answer.url || target, text);
        await deck.add(server, url, config);
        if (audio) await deck.add(server, audio, config);
      });
    } catch (why) {
      deck.close();
      throw why;
    }
    return deck;
  }

  private async add(server: string, target: string, config: Config): Promise<void> {
    const source = await this.kit.open(server, target, config);
    const number = this.converter.add((q) => answer(source, q));
    this.open.push({ source, number });
    source.onevent = (e) => {
      if (e.code === "NetStream.Play.Failed") this.converter.over(number, e.fault);
      else if (e.code === "NetStream.Play.Stop") this.converter.over(number);
    };
  }

  /** wish returns what a view of it is, for the converter. */
  wish(w: Wishes, patience: number): object {
    const [first, second] = this.open;
    const source = first!.source;
    const { size = 0, type = "", duration = 0 } = source.kind === "file" ? source.info : {};
    return {
      source: first!.number, audio: second?.number ?? 0, kind: source.kind, size, type, duration,
      live: source.kind === "live" || (source.kind === "hls" && source.live), start: w.start ?? 0, delay: w.delay ?? 0, patience, tracks: w.tracks ?? "",
    };
  }

  /** live tells whether it is a live stream of FLV. */
  get live(): boolean {
    return this.open[0]?.source.kind === "live";
  }

  /** figures are where the bytes came from (viewing.Figures), and the delay of a live stream in seconds. */
  figures(): { peers: number; p2pBytes: number; cdnBytes: number; uploadBytes: number; delay: number } {
    const f = { peers: 0, p2pBytes: 0, cdnBytes: 0, uploadBytes: 0, delay: 0 };
    for (const { source } of this.open) {
      const s = source.stats();
      f.peers = Math.max(f.peers, s.peers);
      f.p2pBytes += s.peerBytes;
      f.cdnBytes += s.serverBytes;
      f.uploadBytes += s.uploadBytes;
      if (source.kind === "live") f.delay = s.delay / 1000;
    }
    return f;
  }

  setUpload(on: boolean): void {
    for (const { source } of this.open) source.setUpload(on);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const { source, number } of this.open) {
      this.converter.drop(number);
      source.close();
    }
  }
}

/** answer answers what the converter asks of a source. */
async function answer(source: Source, q: Question): Promise<Uint8Array> {
  if (source.kind === "live") return (await source.read()) ?? new Uint8Array(0);
  if (source.kind === "file") return source.read(q.offset, q.length, undefined, q.soon);
  if (q.what === "segment") return source.segment(q.url!, { offset: q.offset, length: q.length });
  const { url, text } = await source.playlist();
  return new TextEncoder().encode(`${url}\n${text}`);
}
