/** play2: changing what is played for something else (docs/netstream.md, "play2"). */
import { asFault, Fault } from "../fault";
import { open } from "../open";
import type { Source } from "../source";
import type { Owner, Play } from "./play";
import { checked } from "./playconfig";
import type { PlayConfig } from "./playconfig";

/** NetStreamPlayOptions are those of flash.net, with the config of play. Times are in seconds. */
export interface NetStreamPlayOptions {
  streamName: string;
  /** What is to be changed. Default: what is played. */
  oldStreamName?: string;
  /** Where in a file to begin (reset, append, appendAndWait). Default: at its beginning. */
  start?: number;
  /** How much of it is played. Default: all. */
  len?: number;
  /** The time from which on it is changed over (switch, swap, resume). Default: as soon as possible. */
  offset?: number;
  /** reset (default), append, appendAndWait, resume, stop, swap or switch. */
  transition?: string;
  config?: PlayConfig;
}

/** Changing is what play2 needs of a stream. */
export interface Changing {
  current(): Play | undefined;
  playPart(url: string, config: PlayConfig | undefined, start: number, length: number): void;
  event(code: string, level?: "status" | "warning", details?: string, description?: string): void;
  status(code: string, details: string): void;
  replace(url: string, config: PlayConfig, at: number, length: number, source?: Source): Play;
  append(url: string, config: PlayConfig, start: number, length: number): void;
  owner(): Owner;
}

const positive = (n: number | undefined): number => (n !== undefined && n > 0 ? n : 0);

/** play2 throws request_invalid where the options cannot be. */
export function play2(stream: Changing, o: NetStreamPlayOptions): void {
  const { streamName, transition = "reset" } = o;
  const start = positive(o.start);
  const length = positive(o.len);
  if (transition === "reset") {
    stream.playPart(streamName, o.config, start, length);
    return;
  }
  const current = stream.current();
  if (!current || current.isOver) throw invalid("nothing is played; call play first");
  if (current.generated) throw invalid("in data generation mode there is nothing to change over from; use appendBytesAction");
  if (o.oldStreamName && o.oldStreamName !== current.target && o.oldStreamName !== current.config.channel) {
    throw invalid("what is to be changed is not played; leave oldStreamName out");
  }
  const config = o.config ? checked(o.config) : { ...current.config };
  if (!o.config) delete config.channel;
  switch (transition) {
    case "stop":
      current.stop();
      return;
    case "append":
    case "appendAndWait":
      stream.append(streamName, config, start, length);
      return;
    case "switch":
    case "swap":
      void change(stream, current, streamName, config, positive(o.offset), length);
      return;
    case "resume":
      void change(stream, current, current.target, current.config, positive(o.offset), length);
      return;
  }
  throw invalid(`the transition «${transition}» is unknown; give "switch", say`);
}

function invalid(why: string): Fault {
  return new Fault("request_invalid", why);
}

/** change opens the other stream while the old one plays, and goes on with it. */
async function change(stream: Changing, old: Play, url: string, config: PlayConfig, offset: number, length: number): Promise<void> {
  const owner = stream.owner();
  let source: Source | undefined;
  const kept = (why: string): void => {
    source?.close();
    if (stream.current() === old && !old.isOver) stream.event("NetStream.Play.Transition", "warning", url, why + "; what was played goes on");
  };
  try {
    source = await open(owner.server, config.channel || url, { ...old.sourceConfig, ...(config === old.config ? {} : {}) });
    const live = source.kind === "live" || (source.kind === "hls" && source.live);
    if (live !== old.isLive) {
      kept("live streams and files cannot be changed for each other");
      return;
    }
    if (source.kind === "live" && old.live) {
      const first = await source.read();
      if (!first) throw new Fault("source_ended", "the other stream has ended");
      await old.reached(offset);
      if (stream.current() !== old || old.isOver) {
        source.close();
        return;
      }
      stream.event("NetStream.Play.Transition", "status", url);
      old.changeOver(source, url, first, () => stream.status("NetStream.Play.TransitionComplete", url));
      return;
    }
    await old.reached(offset);
    if (stream.current() !== old || old.isOver) {
      source.close();
      return;
    }
    stream.event("NetStream.Play.Transition", "status", url);
    const at = live ? 0 : owner.video.currentTime;
    old.close();
    stream.replace(url, config, at, length, source).whenBegun = () => stream.status("NetStream.Play.TransitionComplete", url);
  } catch (why) {
    kept(asFault(why).message);
  }
}
