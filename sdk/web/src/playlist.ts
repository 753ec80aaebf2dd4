/** HLS media playlists, as far as it must be known which segments they list (RFC 8216, docs/hls.md). */
import { Fault } from "./fault";
import type { ByteRange } from "./source";

/** Listed is a segment as a playlist lists it. */
export interface Listed {
  sequence: number;
  url: string;
  range: ByteRange;
  /** ms */
  duration: number;
  gap: boolean;
}

/** Playlist is a media playlist. */
export interface Playlist {
  segments: Listed[];
  ended: boolean;
}

const maxText = 1 << 20;
const maxSegments = 10_000;

/** whole is the range that stands for all of a resource. */
export const whole: ByteRange = { offset: 0, length: 0 };

/** keyOf names a segment by its URL and range. */
export function keyOf(url: string, range: ByteRange): string {
  return range.length > 0 ? `${url}#${range.offset}+${range.length}` : url;
}

/** parsePlaylist reads a media playlist that came from base. It throws where that is none. */
export function parsePlaylist(text: string, base: string): Playlist {
  if (text.length > maxText || !text.replace(/^\uFEFF/, "").startsWith("#EXTM3U")) {
    throw new Fault("source_invalid", "it is no playlist, or too large");
  }
  const variables = new Map<string, string>();
  const expand = (s: string): string => s.replace(/\{\$([\w-]+)\}/g, (all, name: string) => variables.get(name) ?? all);
  const out: Playlist = { segments: [], ended: false };
  let sequence = 0;
  let duration = -1;
  let range: ByteRange | undefined;
  let gap = false;
  let last = { url: "", end: 0 };
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    const [tag = "", value = ""] = split(line);
    switch (tag) {
      case "#EXT-X-MEDIA-SEQUENCE":
        sequence = Number(value);
        break;
      case "#EXT-X-SKIP":
        sequence += Number(attribute(value, "SKIPPED-SEGMENTS"));
        break;
      case "#EXT-X-DEFINE":
        define(variables, value, base);
        break;
      case "#EXTINF":
        duration = 1000 * parseFloat(value);
        break;
      case "#EXT-X-BYTERANGE": {
        const [length = NaN, offset] = value.split("@").map(Number);
        range = { length, offset: offset ?? -1 };
        break;
      }
      case "#EXT-X-GAP":
        gap = true;
        break;
      case "#EXT-X-ENDLIST":
        out.ended = true;
        break;
      default:
        if (line === "" || line.startsWith("#") || duration < 0) break;
        {
          const url = new URL(expand(line), base).href;
          const at = range ? { length: range.length, offset: range.offset < 0 && url === last.url ? last.end : range.offset } : whole;
          out.segments.push({ sequence: sequence++, url, range: at, duration, gap });
          last = { url, end: at.offset + at.length };
        }
        duration = -1;
        range = undefined;
        gap = false;
    }
  }
  const sane = (s: Listed): boolean => s.range.offset >= 0 && s.range.length >= 0 && Number.isSafeInteger(s.sequence) && s.duration < 864e5;
  if (out.segments.length > maxSegments || !out.segments.every(sane)) throw new Fault("source_invalid", "the playlist cannot be");
  return out;
}

function split(line: string): [string, string] {
  const at = line.indexOf(":");
  return line.startsWith("#") && at > 0 ? [line.slice(0, at), line.slice(at + 1)] : [line, ""];
}

function attribute(list: string, name: string): string {
  return new RegExp(`(?:^|,)\\s*${name}=("?)([^",]*)\\1`).exec(list)?.[2] ?? "";
}

function define(variables: Map<string, string>, value: string, base: string): void {
  const parameter = attribute(value, "QUERYPARAM");
  if (parameter) variables.set(parameter, new URL(base).searchParams.get(parameter) ?? "");
  else variables.set(attribute(value, "NAME"), /(?:^|,)VALUE="([^"]*)"/.exec(value)?.[1] ?? "");
}

/** directives parts a playlist's URL from the delivery directives of low latency. */
export function directives(url: string): [string, string] {
  const u = new URL(url, location.href);
  const query: string[] = [];
  for (const [k, v] of [...u.searchParams]) if (k.startsWith("_HLS_")) query.push(k + "=" + encodeURIComponent(v));
  if (query.length === 0) return [url, ""];
  const plain = url.replace(/([?&])_HLS_[^&#]*/g, "$1").replace(/[?&]+(?=#|$)/, "").replace(/&&+/g, "&").replace("?&", "?");
  return [plain, query.join("&")];
}
