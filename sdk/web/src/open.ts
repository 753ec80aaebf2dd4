/** Opening what a page plays, and where the script came from. */
import type { Config } from "./config";
import { Edge } from "./edge";
import { Engine, now } from "./engine";
import { asking } from "./fair";
import { FileViewer } from "./file";
import { HLSViewer } from "./hls";
import { LiveViewer, mayBeLive } from "./live";
import { Fault } from "./fault";
import type { Source } from "./source";
import { resolve } from "./viewer";

export type { Config } from "./config";
export type { ByteRange, File, Happened, Live, Peer, Segments, Source, Stats } from "./source";
export type { FileInfo } from "./answers";
export type { Tag } from "./flv";
export { Fault } from "./fault";

/** script is where this file was loaded from, "" where that is not known. */
const script: string = (typeof document === "object" && (document.currentScript as HTMLScriptElement | null)?.src) || moduleURL();

function moduleURL(): string {
  return typeof __MODULE_URL__ === "string" ? __MODULE_URL__ : "";
}

declare const __MODULE_URL__: string | undefined;

let engine: Promise<Engine> | undefined;

/**
 * load starts the engine, once for the page: a stream that is opened later then has it at once. Where it is not beside the script, since a
 * bundler has moved that away from it, it comes from the server.
 */
export function load(url?: string, base = ""): Promise<Engine> {
  if (engine) return engine;
  const forget = (): void => {
    if (engine === mine) engine = undefined; // the next stream tries again
  };
  const mine = url ? Engine.load(url) : beside("core.wasm", base, Engine.load);
  engine = mine;
  mine.then((e) => {
    e.again = () => {
      forget();
      return load(url, base);
    };
    e.whenDead(forget);
  }, forget);
  return engine;
}

/** beside loads one of the files that lie beside the script, else from a server. */
export function beside<T>(name: string, base: string, get: (url: string) => Promise<T>): Promise<T> {
  const url = new URL(name, script || location.href).href;
  const other = base ? new URL("sdk/" + name, base.replace(/\/*$/, "/")).href : url;
  return get(url).catch((why: unknown) => {
    if (other === url) throw why;
    return get(other);
  });
}

/** server is the base URL of the server that this script came from, as far as that can be known: …/sdk/superp2p.js. */
export function server(): string {
  return script ? new URL("..", script).href : "";
}

/**
 * open asks the server where target is (a URL with "://", or a channel id) and starts to play it. It returns when the answer is
 * there, or throws the Fault that says why not. server "" is the one that the script came from.
 */
export async function open(base: string, target: string, cfg: Config = {}, signal?: AbortSignal): Promise<Source> {
  const opened = now();
  const at = base || server();
  if (!at) throw new Fault("config_invalid", "name the superp2p server: the script's own URL does not tell it");
  if (!target) throw new Fault("url_invalid", "there is nothing to play: give a URL or a channel id");
  cfg = asking(cfg);
  let agreed = !cfg.consent;
  void Promise.resolve(cfg.consent?.()).then((yes) => (agreed ||= yes === true));
  const core = (): Promise<Engine> => {
    const loading = load(cfg.engine, at);
    loading.catch(() => undefined); // whoever plays is told
    return loading;
  };
  if (!mayBeLive(target)) void core();
  const edge = new Edge(at, cfg.token);
  const found = await resolve(edge, target, 1000 * (cfg.startTimeout ?? 10), signal ?? new AbortController().signal);
  if (!agreed) found.res.crowd = false; // who has no peers waits for none
  if (found.res.playlist) return new HLSViewer(edge, target, found, cfg, core(), opened);
  if (found.res.file) return new FileViewer(edge, target, found, cfg, core(), opened);
  return new LiveViewer(edge, target, found, cfg, core, opened);
}
