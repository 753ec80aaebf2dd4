/** The config of play(url, config), as docs/playconfig.schema.json has it for all SDKs. */
import type { Config } from "../config";
import { Fault } from "../fault";

/** PlayConfig says how one play goes. Fields that are left out, null or 0 have the defaults given. */
export interface PlayConfig {
  /** Id of the stream at the server, which is then played instead of the URL. */
  channel?: string | null;
  /** How far behind the live edge to play, in seconds, 2 to 30. Default 6, of HLS two target durations less half a second. */
  delay?: number | null;
  /** Takes everything from the server: no peers. */
  httpOnly?: boolean | null;
  /** How many neighbours are looked for. Default 16. */
  maxPeers?: number | null;
  /** Most that is held for peers and for playing, in bytes. Default 64 MiB of a live stream, 96 MiB of a file. */
  memory?: number | null;
  /** How many viewers, this one included, a stream must have before anything is taken from peers. */
  minViewers?: number | null;
  /** Longest time until the first frame is there, in seconds; then the play fails. Default 10. */
  startTimeout?: number | null;
  /** Names the stream in logs and events. Default: the URL. */
  streamID?: string | null;
  /** Goes to the server with each request, as «Authorization: Bearer». */
  token?: string | null;
  /** Whether peers are given anything, or how much at the most. Default: they are, but over mobile data and where data is saved. */
  upload?: boolean | { maxBytesPerSecond: number } | null;
  /** Most that peers are given, in bytes a second. Default: no limit. */
  uploadRate?: number | null;
}

type Check = (v: unknown) => string;

const text: Check = (v) => (typeof v === "string" && v.length <= 8192 && !/[\x00-\x1f\x7f]/.test(v) ? "" : "a text without control characters");
const flag: Check = (v) => (typeof v === "boolean" ? "" : "true or false");

function number(least: number, most: number, integer = false): Check {
  return (v) =>
    typeof v === "number" && v >= least && v <= most && (!integer || Number.isInteger(v))
      ? ""
      : `${integer ? "a whole number" : "a number"} from ${least} to ${most}`;
}

const delay: Check = (v) => (v === 0 ? "" : number(2, 30)(v));

const rate = number(0, 2 ** 40);

const upload: Check = (v) => {
  if (typeof v !== "object") return flag(v);
  const { maxBytesPerSecond, ...others } = v as Record<string, unknown>;
  return rate(maxBytesPerSecond) || Object.keys(others).length ? "true, false or {maxBytesPerSecond}, which is " + rate("") : "";
};

/** checks are what each key may be. A Go test holds them equal to the schema. */
const checks: Record<keyof PlayConfig, Check> = {
  channel: text,
  delay,
  httpOnly: flag,
  maxPeers: number(0, 256, true),
  memory: number(0, 2 ** 40, true),
  minViewers: number(0, 1_000_000, true),
  startTimeout: number(0, 600),
  streamID: text,
  token: text,
  upload,
  uploadRate: rate,
};

/** playConfigKeys are the keys that there are. */
export const playConfigKeys = Object.keys(checks) as (keyof PlayConfig)[];

/** checked returns a config without what is null, or throws the Fault that says what is wrong with it. */
export function checked(config: unknown): PlayConfig {
  if (config === undefined || config === null) return {};
  if (typeof config !== "object" || Array.isArray(config)) throw new Fault("config_invalid", "the config is no object; give one like {delay: 8}");
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const check = checks[key as keyof PlayConfig];
    if (!playConfigKeys.includes(key as keyof PlayConfig) || !check) {
      throw new Fault("config_invalid", `the config has no key «${key}»; the nearest is «${nearest(key, playConfigKeys)}»`);
    }
    if (value === null || value === undefined) continue;
    const wants = check(value);
    if (wants) throw new Fault("config_invalid", `«${key}» in the config must be ${wants}`);
    out[key] = value;
  }
  return out as PlayConfig;
}

/** sourceConfig returns what sources are opened with. */
export function sourceConfig(c: PlayConfig): Config {
  const out: Config = {};
  if (c.delay) out.delay = c.delay;
  if (c.httpOnly) out.peers = false;
  if (c.maxPeers) out.maxPeers = c.maxPeers;
  if (c.memory) out.maxBytes = c.memory;
  if (c.minViewers) out.download = false; // until there are as many
  if (c.startTimeout) out.startTimeout = c.startTimeout;
  if (c.token) out.token = c.token;
  const said = typeof c.upload === "object" ? c.upload?.maxBytesPerSecond : undefined;
  if (c.upload === false || said === 0) out.upload = false;
  else if (said || c.uploadRate) out.upload = { maxBytesPerSecond: Math.min(said || Infinity, c.uploadRate || Infinity), mobile: c.upload === true };
  else if (c.upload) out.upload = true;
  return out;
}

/** nearest returns the name that is most like what was written (Levenshtein distance, case aside). */
export function nearest(written: string, names: readonly string[]): string {
  let best = "";
  let least = Infinity;
  for (const name of names) {
    const d = distance(written.toLowerCase().slice(0, 64), name.toLowerCase());
    if (d < least) [best, least] = [name, d];
  }
  return best;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
