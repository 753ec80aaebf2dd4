/** What the server answers (docs/openapi.yaml), as far as a page uses it, and whether it can be. */
import { hex } from "./codec";
import { Fault } from "./fault";

export interface Point {
  number: number;
  time: number;
}

/** Live is the part of a resolution that changes. */
export interface Live {
  now: number;
  line: number;
  rate: number;
  bitrate: number;
  edge: Point & { cut: number };
  first: number;
  groups: Point[];
  state: "live" | "interrupted" | "ended";
}

export interface FileInfo {
  size: number;
  slice: number;
  group: number;
  type: string;
  etag?: string;
  duration: number;
  times: number[];
  proofs: string;
}

export interface PlaylistInfo {
  kind: "master" | "live" | "vod";
  target?: number;
  url?: string;
  proofs?: string;
  sequence?: number;
}

/** Resolution says everything that a viewer needs to join a stream. */
export interface Resolution extends Live {
  stream: string;
  track: string;
  swarm: string;
  key: string;
  file?: FileInfo;
  playlist?: PlaylistInfo;
  crowd?: boolean;
  tracker: string;
  stun: string[] | null;
  slices: string;
}

/** Found is a checked resolution. */
export interface Found {
  res: Resolution;
  track: Uint8Array;
  swarm: Uint8Array;
  key: Uint8Array;
  /** offset in ms is what must be added to the server's clock to get the page's. */
  offset: number;
}

const maxSlices = 256 << 10;

function whole(v: unknown, most = 2 ** 42): v is number {
  return typeof v === "number" && Number.isInteger(v) && v >= 0 && v <= most;
}

/** invalid says that an answer cannot be. */
export function invalid(what: string): Fault {
  return new Fault("server_invalid", "the server's answer breaks the interface: " + what);
}

/** checkLive throws where a live part cannot be. */
export function checkLive(l: Live): void {
  if (!Array.isArray(l.groups) || l.groups.length === 0 || l.groups.length > 10000) throw invalid("it names no group, or too many");
  if (!(l.rate >= 0 && l.rate <= 1000)) throw invalid("rate is not within 0 to 1000");
  if (!l.edge || !whole(l.edge.number, 2 ** 48) || !whole(l.edge.time) || !whole(l.now, 2 ** 46)) throw invalid("a time is out of range");
  if (typeof l.line !== "number" || Math.abs(l.line) > 2 ** 46) throw invalid("a time is out of range");
  l.groups.forEach((g, i) => {
    const before = l.groups[i - 1];
    if (!whole(g.number, l.edge.number) || !whole(g.time) || (before && (g.number <= before.number || g.time < before.time))) {
      throw invalid("groups are not in order up to the live edge");
    }
  });
}

/** check throws where a resolution cannot be, and returns it with its names as bytes; offset is 0 yet. */
export function check(res: Resolution): Found {
  if (typeof res !== "object" || res === null) throw invalid("it is no object");
  if (res.playlist?.kind === "master") {
    throw new Fault("source_master", "it is a master playlist: choose one of its variants and play that");
  }
  const track = hex(String(res.track), 16);
  const swarm = hex(String(res.swarm), 20);
  if (!track || !swarm) throw invalid("track or swarm are not hex digits");
  let key: Uint8Array;
  try {
    key = Uint8Array.from(atob(res.key), (c) => c.charCodeAt(0));
  } catch {
    throw invalid("key is not base64");
  }
  if (key.length !== 32) throw invalid("key is not 32 bytes");
  if (!String(res.slices).includes("{number}")) throw invalid("slices holds no {number}");
  if (res.file) checkFile(res.file, res.playlist !== undefined);
  else checkLive(res);
  const p = res.playlist;
  if (p && (!whole(p.target, 3_600_000) || p.target === 0 || (p.kind === "vod") !== (res.file !== undefined))) {
    throw invalid("it describes a playlist that cannot be");
  }
  return { res, track, swarm, key, offset: 0 };
}

function checkFile(f: FileInfo, playlist: boolean): void {
  const cannot = invalid("it describes a file that cannot be");
  if (!whole(f.group, 1024) || f.group === 0 || !whole(f.duration, 2 ** 40) || f.duration === 0) throw cannot;
  if (!Array.isArray(f.times) || f.times.length === 0 || f.times.length > maxSlices || f.times[0] !== 0) throw cannot;
  if (!String(f.proofs).includes("{number}")) throw cannot;
  if (playlist ? f.size !== 0 || f.slice !== 0 : !whole(f.size, 2 ** 34) || f.size === 0 || !whole(f.slice, 65536) || f.slice < 1024) {
    throw cannot;
  }
  const slices = slicesOf(f);
  if (slices > maxSlices || Math.ceil(slices / f.group) !== f.times.length) throw cannot;
  f.times.forEach((t, i) => {
    if (!whole(t, f.duration) || (i > 0 && t < f.times[i - 1]!)) throw cannot;
  });
}

/** slicesOf returns how many slices a file has. */
export function slicesOf(f: FileInfo): number {
  return f.slice === 0 ? f.times.length * f.group : Math.ceil(f.size / f.slice);
}
