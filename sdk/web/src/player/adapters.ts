/** superp2p for sites that have a player: loaders for hls.js and mpegts.js. */
import type { Config } from "../config";
import { open } from "../open";
import { FeedLoader } from "./mpegts";
import type { Feed } from "./mpegts";
import { loaderOf, Playlists } from "./playlists";
import type { Source } from "../source";

/** AdapterOptions say where and how an adapter plays. */
export interface AdapterOptions extends Config {
  /** The superp2p server. Default: where the script came from. */
  server?: string;
  /** Is told of each Source that is opened, for its stats and events. */
  opened?: (source: Source, url: string) => void;
}

/**
 * hlsLoader returns a class for hls.js: `new Hls({ loader: superp2p.hlsLoader() })`. Call it once for each player. What the server
 * refuses is loaded from its own URL, as hls.js does without it. Its Sources end with the page, or by close.
 */
export function hlsLoader(options: AdapterOptions = {}): (new (config?: unknown) => object) & { close(): void } {
  const { server = "", opened, ...config } = options;
  const playlists = new Playlists({ server, config, strict: false, ...(opened ? { opened } : {}) });
  return Object.assign(loaderOf(playlists), { close: () => playlists.close() });
}

const readAtOnce = 256 << 10;

/** MpegtsLoader is a class for mpegts.js, which also makes such classes where it is called without new. */
export interface MpegtsLoader {
  new (seekHandler?: unknown, config?: unknown): object;
  (options?: AdapterOptions): new (seekHandler?: unknown, config?: unknown) => object;
}

/** mpegtsLoader is a customLoader: `mpegts.createPlayer(source, { customLoader: superp2p.mpegtsLoader({ delay: 8 }) })`. */
export const mpegtsLoader = function (this: unknown, options: AdapterOptions = {}): object {
  if (new.target) return new (loaderClass({}))();
  return loaderClass(options);
} as unknown as MpegtsLoader;

function loaderClass(options: AdapterOptions): new () => object {
  const { server = "", opened, ...config } = options;
  return class extends FeedLoader {
    private source: Promise<Source> | undefined;

    constructor() {
      super(async ({ url = "" }) => {
        this.source ??= open(server, url, config).then((s) => {
          opened?.(s, url);
          return s;
        });
        return feedOf(await this.source);
      });
    }

    override destroy(): void {
      super.destroy();
      this.source?.then((s) => s.close(), () => undefined);
    }
  };
}

function feedOf(source: Source): Feed {
  if (source.kind === "live") {
    return {
      size: 0,
      async run(_from, give, signal) {
        for (let b = await source.read(); b && !signal.aborted; b = await source.read()) give(b);
      },
    };
  }
  if (source.kind !== "file") throw new Error("mpegts.js plays no playlists: use hls.js with superp2p.hlsLoader()");
  return {
    size: source.info.size,
    async run(from, give, signal) {
      for (let at = from; at < source.info.size && !signal.aborted; ) {
        const b = await source.read(at, readAtOnce, signal);
        if (b.length === 0) return;
        at += b.length;
        give(b);
      }
    },
  };
}
