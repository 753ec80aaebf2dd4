/* The two pictures: the swarm around this viewer, and what came from where over time. */
import { rate } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
/** set gives an element attributes, where they differ from what it has. */
function set(e, attributes) {
  for (const [k, v] of Object.entries(attributes)) if (e.getAttribute(k) !== String(v)) e.setAttribute(k, v);
  return e;
}
function add(parent, name, attributes, text) {
  const e = set(document.createElementNS(SVG, name), attributes);
  if (text !== undefined) e.textContent = text;
  parent.append(e);
  return e;
}
const at = (n) => n.toFixed(1);

/** widthOf a line for a rate; the fastest one of all is widest. */
const widthOf = (rate, fastest) => rate > 0 ? at(1.2 + 7 * Math.sqrt(rate / fastest)) : 0;

const width = 440, height = 300, midX = 220, midY = 160;

/** Swarm draws this viewer in the middle, the others around it, server and CDN above. */
export class Swarm {
  constructor(svg) {
    this.svg = svg;
    this.nodes = new Map();
    this.lines = add(svg, "g", {});
    this.dots = add(svg, "g", {});
    add(this.dots, "circle", { class: "me", cx: midX, cy: midY, r: 20 });
    add(this.dots, "text", { class: "me-name", x: midX, y: midY + 5, "text-anchor": "middle" }, "you");
  }

  /** draw shows peers and sources of {id, name, kind, down, up}, with rates in bytes a second. */
  draw(peers, sources) {
    const all = [...sources, ...peers];
    for (const [id, node] of this.nodes) {
      if (all.some((p) => p.id === id)) continue;
      for (const e of node.parts) e.remove();
      this.nodes.delete(id);
    }
    const fastest = Math.max(20_000, ...all.flatMap((p) => [p.down, p.up]));
    sources.forEach((p, i) => this.place(p, midX + (i - (sources.length - 1) / 2) * 110, 30, fastest, true));
    // The top belongs to server and CDN: the others have the rest of the circle.
    peers.forEach((p, i) => {
      const turn = -0.2 * Math.PI + 1.4 * Math.PI * (i + 0.5) / peers.length;
      const far = peers.length > 12 && i % 2 ? 0.74 : 1;
      this.place(p, midX + 176 * far * Math.cos(turn), midY + 94 * far * Math.sin(turn), fastest, peers.length <= 12);
    });
    const now = peers.reduce((n, p) => n + p.down, 0);
    set(this.svg, { "aria-label": `${peers.length} viewers are connected and send ${rate(now)}; ` +
      sources.map((p) => `${p.name} ${rate(p.down)}`).join(", ") });
  }

  place(p, x, y, fastest, labelled) {
    const node = this.nodes.get(p.id) ?? this.make(p);
    const length = Math.hypot(x - midX, y - midY), away = 4 / length;
    const [dx, dy] = [(y - midY) * away, (midX - x) * away]; // to the side, so that both ways can be seen
    set(node.link, { x1: at(x), y1: at(y), x2: midX, y2: midY });
    set(node.down, { x1: at(x + dx), y1: at(y + dy), x2: at(midX + dx), y2: at(midY + dy), "stroke-width": widthOf(p.down, fastest) });
    set(node.up, { x1: at(x - dx), y1: at(y - dy), x2: at(midX - dx), y2: at(midY - dy), "stroke-width": widthOf(p.up, fastest) });
    if (p.kind === "peer") set(node.dot, { cx: at(x), cy: at(y) });
    else set(node.dot, { x: at(x - 12), y: at(y - 9) });
    const above = p.kind === "peer" && y < midY - 20, right = p.kind !== "peer";
    const [tx, ty] = right ? [x + 18, y] : [Math.min(width - 38, Math.max(38, x)), above ? y - 28 : y + 23];
    const anchor = right ? "start" : "middle";
    set(node.name, { x: at(tx), y: at(ty), "text-anchor": anchor });
    set(node.rate, { x: at(tx), y: at(ty + 14), "text-anchor": anchor });
    node.name.textContent = labelled ? p.name : "";
    node.rate.textContent = labelled ? rate(p.down) : "";
    node.title.textContent = `${p.name}: ${rate(p.down)} to you, ${rate(p.up)} from you`;
  }

  make(p) {
    const link = add(this.lines, "line", { class: "link" });
    const down = add(this.lines, "line", { class: "flow by-" + p.kind });
    const up = add(this.lines, "line", { class: "flow given" });
    const dot = p.kind === "peer" ? add(this.dots, "circle", { class: "node by-peer", r: 9 }) :
      add(this.dots, "rect", { class: "node by-" + p.kind, width: 24, height: 18, rx: 4 });
    const title = add(dot, "title", {});
    const name = add(this.dots, "text", { class: "name" }), rate = add(this.dots, "text", {});
    const node = { link, down, up, dot, title, name, rate, parts: [link, down, up, dot, name, rate] };
    this.nodes.set(p.id, node);
    return node;
  }
}

const span = 120, smooth = 3; // seconds
const kinds = ["peer", "cdn", "server"];
const left = 0, top = 16, bottom = 154, tall = 176; // pixels

/** Chart draws bytes a second by their source, stacked. */
export class Chart {
  constructor(svg) {
    this.svg = svg;
    this.samples = []; // {at, peer, cdn, server}: seconds, and bytes since the beginning
    this.lines = add(svg, "g", {});
    this.areas = kinds.map((k) => add(svg, "path", { class: "area by-" + k }));
    this.marks = add(svg, "g", {});
  }

  clear() {
    this.samples = [];
    this.draw(0);
  }

  add(sample) {
    this.samples.push(sample);
    while (this.samples.length > 2 && this.samples[1].at < sample.at - span - smooth) this.samples.shift();
    this.draw(sample.at);
  }

  /** rates are those at each sample, over the seconds before it. */
  rates() {
    let from = 0;
    return this.samples.slice(1).map((s, i) => {
      while (from < i && this.samples[from + 1].at <= s.at - smooth) from++;
      const before = this.samples[from], passed = Math.max(0.5, s.at - before.at);
      return { at: s.at, values: kinds.map((k) => Math.max(0, s[k] - before[k]) / passed) };
    });
  }

  draw(now) {
    const right = this.svg.clientWidth || 440;
    set(this.svg, { viewBox: `0 0 ${right} ${tall}` });
    const rates = this.rates();
    const most = Math.max(50_000, ...rates.map((r) => r.values[0] + r.values[1] + r.values[2]));
    const step = [1, 2, 5, 10].map((n) => n * 10 ** Math.floor(Math.log10(most / 2))).find((n) => most / n <= 3.2);
    const upTo = Math.ceil(most * 1.05 / step) * step;
    const x = (t) => right - (now - t) / span * (right - left), y = (n) => bottom - n / upTo * (bottom - top);
    this.lines.replaceChildren();
    this.marks.replaceChildren();
    for (let n = 0; n <= upTo; n += step) {
      add(this.lines, "line", { class: "grid", x1: left, x2: right, y1: at(y(n)), y2: at(y(n)) });
      if (n > 0) add(this.marks, "text", { x: left, y: at(y(n) - 4) }, rate(n));
    }
    for (const [x, text, anchor] of [[left, "2 min ago", "start"], [(left + right) / 2, "1 min ago", "middle"], [right, "now", "end"]]) {
      add(this.marks, "text", { x, y: bottom + 17, "text-anchor": anchor }, text);
    }
    const shown = rates.filter((r) => r.at >= now - span);
    let below = shown.map(() => 0);
    kinds.forEach((_, k) => {
      const edge = below.map((n, i) => n + shown[i].values[k]);
      const point = (n, i) => at(x(shown[i].at)) + " " + at(y(n));
      const under = below.map(point).reverse();
      this.areas[k].setAttribute("d", shown.length > 1 ? "M" + edge.map(point).join("L") + "L" + under.join("L") + "Z" : "");
      below = edge;
    });
    const last = shown.at(-1)?.values ?? [0, 0, 0];
    set(this.svg, { "aria-label": `${rate(last[0])} from viewers, ${rate(last[1])} from the CDN, ${rate(last[2])} from the server` });
  }
}
