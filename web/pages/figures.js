/* The figures and pictures of what is played, once a second. */
import { Chart, Swarm } from "./picture.js";
import { bytes, clock, lasted, percent, seconds } from "./text.js";

const $ = (id) => document.getElementById(id);
const recently = 30; // seconds

/** Figures shows what a stream counts. */
export class Figures {
  constructor(stream, video) {
    this.stream = stream;
    this.video = video;
    this.swarm = new Swarm($("swarm"));
    this.chart = new Chart($("chart"));
    this.swarm.draw([], []);
    this.start();
    setInterval(() => this.look(), 1000);
  }

  /** start begins anew, for another stream. */
  start(delay = 0) {
    this.delay = delay;
    this.stalls = 0;
    this.before = new Map(); // of the peers: bytes received and sent, and their smoothed rates
    this.sums = [];
    this.chart.clear();
  }

  look() {
    const s = this.stream?.stats ?? {};
    if (s.serverBytes === undefined) return;
    const cdn = s.originBytes, sum = { at: performance.now() / 1000, peer: s.peerBytes, cdn, server: Math.max(0, s.serverBytes - cdn) };
    this.sums.push(sum);
    while (this.sums.length > 2 && this.sums[1].at < sum.at - recently) this.sums.shift();
    this.chart.add(sum);
    const peers = this.rates(this.stream.peerStreams);
    if (document.hidden) return;
    const past = this.sums[Math.max(0, this.sums.length - 4)], passed = Math.max(0.5, sum.at - past.at);
    const sources = [{ id: "server", name: "server", kind: "server", down: (sum.server - past.server) / passed, up: 0 }];
    if (cdn > 0) sources.push({ id: "cdn", name: "CDN", kind: "cdn", down: (sum.cdn - past.cdn) / passed, up: 0 });
    this.swarm.draw(peers, sources);
    this.table(peers);
    this.numbers(s, sum, peers.length);
  }

  /** rates are those of each peer, smoothed. */
  rates(streams) {
    const now = performance.now(), next = new Map();
    const peers = streams.map((p) => {
      const was = this.before.get(p.farID) ?? { at: now - 1000, received: p.bytesReceived, sent: p.bytesSent, down: 0, up: 0 };
      const passed = Math.max(0.5, (now - was.at) / 1000), mix = 0.4;
      const down = was.down + mix * ((p.bytesReceived - was.received) / passed - was.down);
      const up = was.up + mix * ((p.bytesSent - was.sent) / passed - was.up);
      next.set(p.farID, { at: now, received: p.bytesReceived, sent: p.bytesSent, down, up });
      return { id: p.farID, name: p.farID.slice(-4), kind: "peer", down: down < 1 ? 0 : down, up: up < 1 ? 0 : up, of: p };
    });
    this.before = next;
    return peers;
  }

  table(peers) {
    if (!$("table").closest("details").open) return;
    $("table").replaceChildren(...peers.map((p) => {
      const tr = document.createElement("tr");
      for (const text of [p.name, bytes(p.down) + "/s", bytes(p.of.bytesReceived), bytes(p.of.bytesSent), lasted((Date.now() - p.of.since) / 1000)]) {
        tr.append(Object.assign(document.createElement("td"), { textContent: text }));
      }
      return tr;
    }));
  }

  numbers(s, sum, connected) {
    const show = (id, text) => {
      $(id).textContent = text;
    };
    const share = (a, b) => {
      const peer = a.peer - b.peer, all = peer + a.cdn - b.cdn + a.server - b.server;
      return all > 0 ? percent(peer / all) : "–";
    };
    const { stream, video } = this, { isLive } = stream.info;
    show("offload", share(sum, { peer: 0, cdn: 0, server: 0 }));
    show("offload-now", "last 30 s: " + share(sum, this.sums[0]));
    show("delay-name", isLive ? "behind live" : "position");
    const { liveDelay } = stream;
    show("behind", !isLive ? clock(stream.time) : liveDelay ? seconds(liveDelay) : "–");
    show("behind-more", isLive ? "set: " + this.delay + " s" : Number.isFinite(video.duration) ? "of " + clock(video.duration) : "");
    show("buffer", seconds(stream.bufferLength));
    show("buffer-more", stream.currentFPS ? Math.round(stream.currentFPS) + " frames/s" : "");
    show("stalls", String(this.stalls));
    show("stalls-more", s.start ? "start " + seconds(s.start / 1000) : "");
    show("count", String(connected));
    show("count-more", s.swarmSize ? s.swarmSize + " watch" : "");
    show("sum-peer", bytes(sum.peer));
    show("sum-cdn", bytes(sum.cdn));
    show("sum-server", bytes(sum.server));
    show("sum-given", bytes(s.uploadBytes));
  }
}
