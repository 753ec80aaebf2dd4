/* hls.js, mpegts.js and a bare <video>, each fed by the SDK. ?mpegts=, ?hls= and ?plain= say what they play. */
import { bytes, percent } from "./text.js";

const sdk = globalThis.superp2p;
const library = async (name) => (await import(new URL(`../sdk/${name}.mjs`, import.meta.url))).default;

/** live asks the server whether a target is a live stream, which mpegts.js must know before. */
async function live(target) {
  const answer = await fetch(`../v1/resolve?${target.includes("://") ? "url" : "channel"}=${encodeURIComponent(target)}`);
  const resolution = await answer.json();
  if (!answer.ok) throw new Error(resolution.error?.message ?? `the server answered ${answer.status}`);
  return !resolution.file;
}

/** Each takes the element, what to play, and whom to tell: opened of sources, failed of a sentence. It returns how to end it. */
const players = {
  async mpegts(video, url, { opened, failed }) {
    const mpegts = await library("mpegts");
    mpegts.LoggingControl.enableAll = false;
    const isLive = await live(url);
    const player = mpegts.createPlayer({ type: "flv", isLive, url }, { enableWorker: false, customLoader: sdk.mpegtsLoader({ opened }) });
    player.on(mpegts.Events.ERROR, (type, detail, more) => failed(`${type}: ${more?.msg || detail}`));
    player.attachMediaElement(video);
    player.load();
    return () => player.destroy();
  },
  async hls(video, url, { opened, failed }) {
    const Hls = await library("hls");
    const loader = sdk.hlsLoader({ opened });
    const hls = new Hls({ enableWorker: false, loader });
    hls.on(Hls.Events.ERROR, (_, e) => e.fatal && failed(`${e.details}: ${e.error?.message ?? "hls.js gave up"}`));
    hls.loadSource(url);
    hls.attachMedia(video);
    return () => {
      hls.destroy();
      loader.close();
    };
  },
  async plain(video, url, { opened, failed }) {
    const site = await sdk.serviceWorker("superp2p-sw.js", { opened });
    const said = async () => {
      const answer = await fetch(video.src).catch(() => undefined); // the element tells no reasons, the answer does
      if (answer && !answer.ok) return answer.text();
      await answer?.body?.cancel();
      return "the element plays MP4, where it can HLS, and no FLV";
    };
    video.onerror = async () => failed(await said());
    video.src = site.url(url);
    return () => {
      video.onerror = null;
      video.removeAttribute("src");
      video.load();
      site.close();
    };
  },
};

for (const [name, start] of Object.entries(players)) {
  const card = document.getElementById(name), [form, video, count, input] = ["form", "video", ".count", "input"].map((s) => card.querySelector(s));
  let end, sources = [], run = 0;
  const stop = () => {
    run++;
    end?.();
    end = undefined;
    sources = [];
  };
  const tell = (text, failed = false) => {
    count.textContent = text;
    count.classList.toggle("failed", failed);
  };
  const play = async (url) => {
    stop();
    const mine = run;
    if (!url) return tell("Give a URL first.", true);
    if (!sdk) return tell("This server was built without the page SDK: call make sdk, then make build.", true);
    tell("starting …");
    const failed = (why) => {
      if (mine !== run) return;
      stop();
      tell(`It cannot be played: ${why}`, true);
    };
    try {
      const ended = await start(video, url, { opened: (s) => sources.push(s), failed });
      if (mine !== run) return ended();
      end = ended;
      video.play().catch(() => undefined);
    } catch (e) {
      failed(e.message);
    }
  };
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    void play(input.value.trim());
  });
  setInterval(() => {
    if (!end) return;
    const sum = (key) => sources.reduce((n, s) => n + (s.stats()[key] ?? 0), 0);
    const peer = sum("peerBytes"), rest = sum("serverBytes");
    if (peer + rest > 0) tell(`${bytes(peer)} from viewers, ${bytes(rest)} from server or CDN: ${percent(peer / (peer + rest))} saved`);
  }, 1000);
  const given = new URLSearchParams(location.search).get(name);
  if (given) {
    input.value = given;
    void play(given);
  }
}
