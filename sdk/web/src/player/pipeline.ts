/** What plays bytes of one kind on a media element, and the libraries that do so. */
import { Fault } from "../fault";
import { beside } from "../open";

/** Tag kinds, as in FLV. */
export type Kind = "audio" | "video" | "data";

/** Stage is what a pipeline is given: the element, and who is told. Times are those of the element, in seconds. */
export interface Stage {
  readonly video: HTMLVideoElement;
  /** How much may be kept behind the playhead, in seconds. */
  readonly backBuffer: () => number;
  /** count is told of bytes that came in, of a frame at a time. */
  count(kind: Kind, bytes: number, time: number): void;
  /** script is told of script data: the name of a handler and its arguments. */
  script(time: number, name: string, values: unknown[]): void;
  /** codecs is told what it is coded with, as FourCC; "" says nothing. */
  codecs(audio: string, video: string): void;
  /** given says that the element was given all that there is. */
  given(): void;
  failed(why: Fault): void;
}

/** Pipeline plays on the element of a Stage. */
export interface Pipeline {
  /** duration of a file in seconds; 0 where it is not known, or live. */
  duration(): number;
  /** seek is told before the element is set to a time that it does not hold, and returns where it may go on instead. */
  seek?(to: number): number;
  /** close takes the element back as it was found. */
  close(): void;
}

const loaded = new Map<string, Promise<unknown>>();

/** library loads one of the files that lie beside the script, else from a server, once for the page. */
export function library<T>(name: string, base: string): Promise<T> {
  const known = loaded.get(name);
  if (known) return known as Promise<T>;
  const loading = beside(name, base, (url) => import(/* @vite-ignore */ /* webpackIgnore: true */ url)).catch((why: unknown) => {
    loaded.delete(name);
    throw new Fault("server_unreachable", name + ", which plays this kind of stream, is neither beside the script nor at the server", why);
  });
  loaded.set(name, loading);
  return loading as Promise<T>;
}

/** ahead returns how much is held from a time on without a gap, in seconds. */
export function ahead(video: HTMLMediaElement, from = video.currentTime): number {
  const { buffered } = video;
  for (let i = 0; i < buffered.length; i++) {
    if (from >= buffered.start(i) - 0.1 && from < buffered.end(i)) return buffered.end(i) - from;
  }
  return 0;
}

/** behind returns how much is held before a time without a gap, in seconds. */
export function behind(video: HTMLMediaElement, from = video.currentTime): number {
  const { buffered } = video;
  for (let i = 0; i < buffered.length; i++) {
    if (from >= buffered.start(i) && from <= buffered.end(i) + 0.1) return Math.max(0, from - buffered.start(i));
  }
  return 0;
}

/** mediaSource makes a MediaSource, or throws the Fault that there is none. */
export function mediaSource(): MediaSource {
  const { MediaSource: Plain, ManagedMediaSource: Managed } = self as unknown as Record<string, (new () => MediaSource) | undefined>;
  const Kind = Plain ?? Managed;
  if (!Kind) throw new Fault("nothing_playable", "this browser has no Media Source Extensions: play the URL itself");
  return new Kind();
}

/** low tells whether a player holds so little that what it reads must come as fast as it can. */
export function low(video: HTMLMediaElement): boolean {
  return ahead(video) < 6;
}
