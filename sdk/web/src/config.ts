/** What a page says of how to play, and how that is written for the engine. */
import type { Found } from "./answers";
import { slicesOf } from "./answers";
import { Writer } from "./codec";
import { limitOf } from "./fair";
import { Kind } from "./kinds";

/** Config says how to play. Fields that are left out have the defaults given. */
export interface Config {
  /** Delay in seconds behind live, 2 to 30. Default 6; of HLS two target durations less half a second, if that is more. */
  delay?: number;
  /**
   * Upload to peers: false for none, or a limit. Default: without limit, and none while the browser reports mobile data, unless it is true
   * or says mobile, or that data is to be saved.
   */
  upload?: boolean | { maxBytesPerSecond: number; mobile?: boolean };
  /** Download from peers. Default true. */
  download?: boolean;
  /** Peers at all. Default true. */
  peers?: boolean;
  /**
   * Is asked when it is opened whether peers may be used. Until it says true, everything comes from the server and the viewer's own URL,
   * and neither tracker nor peers see anything. Default: they may be used.
   */
  consent?: () => boolean | Promise<boolean>;
  /** How many neighbours are looked for, at most 48. Default 16, of a file 32. */
  maxPeers?: number;
  /** Bytes that are held for peers and for playing. Default 64 MiB, of a file 96 MiB. */
  maxBytes?: number;
  /** STUN servers ("stun:host:port") instead of the server's. */
  stun?: string[];
  /** Seconds until something must be there to play. Default 10. */
  startTimeout?: number;
  /** Seconds that nothing may arrive, once playing. Default 20. */
  stallTimeout?: number;
  /** Where the engine is. Default: core.wasm beside the script. */
  engine?: string;
  /** Goes to the server with each request, as «Authorization: Bearer». Default: nothing does. */
  token?: string;
  /** False has even the first second wait for the engine. Default true. */
  early?: boolean;
  /** Read a file as fast as it comes, for who records it, and not at the pace of a player. Default false. */
  unpaced?: boolean;
}

/** Sharing is in which directions peers are used now. */
export interface Sharing {
  upload: boolean;
  download: boolean;
}

/** delayOf returns the delay in ms that was asked for, 0 if none was. */
export function delayOf(c: Config): number {
  return c.delay === undefined ? 0 : 1000 * Math.min(30, Math.max(2, c.delay));
}

const version = 1;
const flags = { noUpload: 1, noDownload: 2, noPeers: 4, crowd: 8 };
const fileBytes = 96 << 20;

/** encode writes what page.Open takes. groups are those of a live track that the engine may start with. */
export function encode(c: Config, found: Found, self: Uint8Array, peers: boolean, sharing: Sharing): Uint8Array {
  const { res } = found;
  const kind = res.file ? Kind.File : res.playlist ? Kind.LiveHLS : Kind.LiveFLV;
  const w = new Writer();
  w.uvarint(version).uvarint(kind).raw(self).raw(found.track).raw(found.key);
  w.uvarint(
    (sharing.upload ? 0 : flags.noUpload) | (sharing.download ? 0 : flags.noDownload) |
      (peers ? 0 : flags.noPeers) | (res.crowd ? flags.crowd : 0),
  );
  w.uvarint(Math.round(delayOf(c))).uvarint(res.playlist?.target ?? 0).uvarint(Math.max(0, limitOf(c)));
  w.uvarint(Math.min(48, Math.max(0, Math.round(c.maxPeers ?? 0))));
  w.uvarint(Math.min(2 ** 30, Math.max(0, Math.round(c.maxBytes ?? (res.file ? fileBytes : 0)))));
  const f = res.file;
  if (!f) {
    writeLive(w, found);
  } else {
    w.uvarint(slicesOf(f)).uvarint(f.duration).uvarint(0).uvarint(f.group).uvarint(f.times.length);
    f.times.forEach((t, i) => w.uvarint(t - (f.times[i - 1] ?? 0)));
  }
  return w.bytes.slice();
}

/** writeLive writes where a live track is. */
export function writeLive(w: Writer, found: Found): void {
  const { res } = found;
  w.varint(Math.round(found.offset)).varint(Math.round(res.line)).uvarint(res.edge.number).uvarint(res.edge.time);
  w.uvarint(Math.round(1000 * res.rate)).uvarint(res.groups.length);
  res.groups.forEach((g, i) => {
    const before = res.groups[i - 1] ?? { number: 0, time: 0 };
    w.uvarint(g.number - before.number).uvarint(g.time - before.time);
  });
}

/** newSelf makes a peer's random name. */
export function newSelf(): Uint8Array {
  const id = crypto.getRandomValues(new Uint8Array(20));
  id.set(Uint8Array.from("-SP0001-", (c) => c.charCodeAt(0)));
  return id;
}
