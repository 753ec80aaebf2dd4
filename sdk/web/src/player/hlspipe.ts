/** HLS on a media element, by hls.js. */
import type Hls from "hls.js";
import { Fault } from "../fault";
import type { Pipeline, Stage } from "./pipeline";
import { loaderOf } from "./playlists";
import type { Playlists } from "./playlists";

type Library = { default: typeof Hls };

/** HLSPipeline plays a playlist, or a master playlist with its variants. */
export class HLSPipeline implements Pipeline {
  private readonly hls: Hls;
  private length = 0;
  private recovered = 0;

  /** delay is how far behind the live edge to play, in seconds; 0 leaves it to the playlist. */
  constructor(library: Library, stage: Stage, private readonly playlists: Playlists, url: string, delay: number) {
    const H = library.default;
    const hls = (this.hls = new H({
      loader: loaderOf(playlists) as never,
      enableWorker: false,
      backBufferLength: stage.backBuffer(),
      maxBufferLength: 30,
      maxLiveSyncPlaybackRate: 1.05,
      ...(delay ? { liveSyncDuration: delay, liveMaxLatencyDuration: delay + 30 } : {}),
      startFragPrefetch: true,
    }));
    hls.on(H.Events.FRAG_LOADED, (_e, { frag }) => stage.count(frag.type === "audio" ? "audio" : "video", frag.stats.total, frag.start));
    hls.on(H.Events.LEVEL_LOADED, (_e, { details }) => {
      this.length = details.live ? 0 : details.totalduration;
    });
    hls.on(H.Events.BUFFER_CODECS, (_e, tracks) => {
      const av = (tracks.audiovideo?.codec ?? "").split(",");
      const name = (codec: string | undefined): string => (codec ?? "").trim().slice(0, 4);
      stage.codecs(name(tracks.audio?.codec ?? av[1]), name(tracks.video?.codec ?? av[0]));
      const meta = tracks.video?.metadata as { width?: number; height?: number } | undefined;
      stage.script(0, "onMetaData", [{ duration: this.length, ...(meta?.width ? { width: meta.width, height: meta.height } : {}) }]);
    });
    hls.on(H.Events.BUFFER_EOS, () => stage.given());
    hls.on(H.Events.ERROR, (_e, data) => {
      if (!data.fatal) return;
      if (data.type === H.ErrorTypes.MEDIA_ERROR && this.recovered++ === 0) {
        hls.recoverMediaError();
        return;
      }
      const text = data.error?.message || data.details;
      if (data.type === H.ErrorTypes.NETWORK_ERROR && data.details !== H.ErrorDetails.MANIFEST_PARSING_ERROR) {
        stage.failed(new Fault("source_unreachable", "its playlist or segments cannot be had: " + text));
      } else if (/codec/i.test(data.details)) {
        stage.failed(new Fault("source_invalid", "this browser has no decoder for it: " + text, "track"));
      } else {
        stage.failed(new Fault("source_invalid", "it cannot be played; check what makes it: " + text));
      }
    });
    hls.loadSource(url);
    hls.attachMedia(stage.video);
  }

  duration(): number {
    return this.length;
  }

  close(): void {
    this.hls.destroy();
    this.playlists.close();
  }
}
