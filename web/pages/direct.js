/* Playing without the SDK: what is left when a stream cannot be played with it. */

/** directURL is where a target can be read without P2P, or "". */
export function directURL(target) {
  const here = new URL("./", location.href).href;
  if (/^https?:\/\//i.test(target)) return target;
  if (/^(rt[ms]ps?|rtsp):\/\//i.test(target)) return here + "v1/flv?url=" + encodeURIComponent(target);
  return target.includes("://") ? "" : here + "live/" + target + ".flv";
}

/** playDirect plays a URL on an element and calls failed with a sentence if that does not go. It returns how to end it. */
export async function playDirect(video, url, failed) {
  const { pathname } = new URL(url);
  const list = pathname.endsWith(".m3u8");
  if (list && !video.canPlayType("application/vnd.apple.mpegurl")) {
    const { default: Hls } = await import(new URL("../sdk/hls.mjs", import.meta.url));
    const hls = new Hls({ enableWorker: false });
    hls.on(Hls.Events.ERROR, (_, e) => e.fatal && failed(e.details));
    hls.loadSource(url);
    hls.attachMedia(video);
    hls.on(Hls.Events.MANIFEST_PARSED, () => void video.play().catch(() => undefined));
    return () => hls.destroy();
  }
  if (pathname.endsWith(".flv") || pathname.endsWith("/v1/flv")) {
    const { default: mpegts } = await import(new URL("../sdk/mpegts.mjs", import.meta.url));
    mpegts.LoggingControl.enableAll = false;
    const player = mpegts.createPlayer({ type: "flv", isLive: true, url }, { enableWorker: false });
    player.on(mpegts.Events.ERROR, (type, detail) => failed(`${type}: ${detail}`));
    player.attachMediaElement(video);
    player.load();
    Promise.resolve(player.play()).catch(() => undefined);
    return () => player.destroy();
  }
  const broken = () => failed(video.error?.message || "the browser cannot play it");
  video.addEventListener("error", broken);
  video.src = url;
  video.play().catch(() => undefined);
  return () => {
    video.removeEventListener("error", broken);
    video.removeAttribute("src");
    video.load();
  };
}
