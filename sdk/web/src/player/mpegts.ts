/** A loader as mpegts.js wants it (its BaseLoader), fed by whatever a Feed is. */
import { asFault } from "../fault";

/** Feed gives the bytes of one stream from a place on, until it is stopped. */
export interface Feed {
  /** size in bytes, 0 where it has no end. */
  readonly size: number;
  /** run gives bytes from a place on and returns at the end of them. It throws why there are no more. */
  run(from: number, give: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void>;
  /** failed is told why run threw; without it mpegts.js is. */
  failed?(why: unknown): void;
}

const Status = { Idle: 0, Connecting: 1, Buffering: 2, Error: 3, Complete: 4 } as const;

interface Range {
  from: number;
  to: number;
}

/** FeedLoader is a BaseLoader, by its shape. feed is asked for when it is opened. */
export class FeedLoader {
  readonly type = "superp2p";
  readonly needStashBuffer = false;
  status: number = Status.Idle;
  onContentLengthKnown: ((n: number) => void) | undefined;
  onURLRedirect: ((url: string) => void) | undefined;
  onDataArrival: ((chunk: ArrayBuffer, byteStart: number, received: number) => void) | undefined;
  onError: ((type: string, info: { code: number; msg: string }) => void) | undefined;
  onComplete: ((from: number, to: number) => void) | undefined;
  private control = new AbortController();

  constructor(private readonly feed: (source: { url?: string }) => Promise<Feed>) {}

  isWorking(): boolean {
    return this.status === Status.Connecting || this.status === Status.Buffering;
  }

  open(source: { url?: string }, range: Range): void {
    this.status = Status.Connecting;
    this.control = new AbortController();
    void this.run(source, range, this.control.signal);
  }

  abort(): void {
    this.control.abort();
    this.status = Status.Complete;
  }

  destroy(): void {
    this.abort();
    this.status = Status.Idle;
    this.onContentLengthKnown = this.onURLRedirect = this.onDataArrival = this.onError = this.onComplete = undefined;
  }

  private async run(source: { url?: string }, range: Range, signal: AbortSignal): Promise<void> {
    let at = range.from;
    let feed: Feed | undefined;
    try {
      feed = await this.feed(source);
      if (signal.aborted) return;
      if (feed.size > 0) this.onContentLengthKnown?.(feed.size - range.from);
      await feed.run(at, (bytes) => {
        if (signal.aborted || bytes.length === 0) return;
        this.status = Status.Buffering;
        const from = at;
        at += bytes.length;
        const { buffer, byteOffset, length } = bytes;
        const own = byteOffset === 0 && length === buffer.byteLength ? buffer : bytes.slice().buffer;
        this.onDataArrival?.(own as ArrayBuffer, from, at - range.from);
      }, signal);
      if (signal.aborted) return;
      this.status = Status.Complete;
      this.onComplete?.(range.from, at - 1);
    } catch (why) {
      if (signal.aborted) return;
      this.status = Status.Error;
      if (feed?.failed) feed.failed(why);
      else this.onError?.("Exception", { code: -1, msg: asFault(why).message });
    }
  }
}
