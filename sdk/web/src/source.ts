/** What a page plays: the interface between what is below (engine, peers, server) and the players above. */
import type { FileInfo } from "./answers";
import type { Neighbour } from "./client";
import type { Fault } from "./fault";
import type { Tag } from "./flv";
import type { Counts } from "./kinds";

/** Stats of a source since it was opened. Bytes are of payload; delay, buffered and position are in ms. */
export interface Stats extends Counts {
  /** bytes that came before the engine was there, or instead of it; part of serverBytes. */
  plainBytes: number;
  /** bytes read from the viewer's own URL; part of serverBytes. */
  originBytes: number;
  swarmSize: number;
  links: number;
  tracks: number;
  trackerBytes: number;
  requests: number;
  /** ms from open until the first bytes were there; 0 before. */
  start: number;
  /** the size of the engine's memory in bytes, 0 where there is none. */
  memory: number;
}

/** Peer is a viewer that there is a link to. Bytes are of messages; linked is for how long, in ms. */
export interface Peer {
  /** The random half of its name, in hexadecimal digits. */
  name: string;
  received: number;
  sent: number;
  linked: number;
}

/** Happened is one thing that a player may want to know, with the codes of NetStatusEvent. */
export interface Happened {
  code:
    | "NetStream.Play.Start"
    | "NetStream.Play.Stop"
    | "NetStream.Play.Failed"
    | "NetStream.Play.PublishNotify"
    | "NetStream.Play.UnpublishNotify"
    | "NetStream.Buffer.Empty"
    | "NetStream.Buffer.Full"
    | "NetStream.Buffer.Flush"
    | "NetStream.MulticastStream.Reset";
  level: "status" | "warning" | "error";
  description: string;
  /** Of Play.Failed. */
  fault?: Fault;
}

/** Common is what all kinds of sources have. */
interface Common {
  /** The identity of what is played, as the server told it. */
  readonly stream: string;
  /** onevent is told what happens, in order; what came before it was set is told at once. Nothing comes after Play.Failed. */
  onevent: ((e: Happened) => void) | undefined;
  stats(): Stats;
  /** neighbours are the peers that are connected. */
  neighbours(): Neighbour[];
  /** refuse ends the link to a neighbour, by its id, and makes none with it again. */
  refuse(id: string): void;
  peers(): Peer[];
  setUpload(on: boolean): void;
  setDownload(on: boolean): void;
  /** close leaves the swarm and ends everything. What still waits fails with the code closed. */
  close(): void;
}

/** Live is a live stream as FLV. */
export interface Live extends Common {
  readonly kind: "live";
  /** read returns what comes next, beginning with a file header and a keyframe; undefined at the end. One reader at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** onTag is told of each FLV tag that read gives out, as soon as it is there: onMetaData and cue points, say. */
  onTag: ((tag: Tag) => void) | undefined;
}

/** File is a file at an origin. */
export interface File extends Common {
  readonly kind: "file";
  readonly info: FileInfo;
  /**
   * read returns bytes from offset on, at least one and at most length, and waits for the first of them; none at the end of the
   * file. What is played follows the one that read last. eager has it come as fast as it can, for a player that holds little.
   */
  read(offset: number, length: number, signal?: AbortSignal, eager?: boolean): Promise<Uint8Array>;
  /** end says that what was read was the end of it: the play is over. */
  end(): void;
}

/** ByteRange of a segment; length 0 is to the end. */
export interface ByteRange {
  offset: number;
  length: number;
}

/** Segments is a media playlist of HLS. */
export interface Segments extends Common {
  readonly kind: "hls";
  readonly live: boolean;
  /** playlist loads the media playlist as it is now; query, such as _HLS_msn=7, is added to its URL. */
  playlist(query?: string, signal?: AbortSignal): Promise<{ url: string; text: string }>;
  /**
   * segment returns a segment that the playlist lists, by its absolute URL: what peers and server have proved, else from that
   * URL itself. What the playlist does not list is loaded from its URL.
   */
  segment(url: string, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array>;
  end(): void;
}

export type Source = Live | File | Segments;
