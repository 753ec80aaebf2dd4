/* The status page: it asks the server, and inside the demo the demo, once a second. */
"use strict";
const $ = (selector) => document.querySelector(selector);
const make = (tag, text, cls) => {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (cls) e.className = cls;
  return e;
};
const bytes = (n) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  for (; n >= 999.5 && i < units.length - 1; i++) n /= 1000;
  return (i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)) + " " + units[i];
};
const percent = (x) => (100 * x).toFixed(1) + " %";
const seconds = (ms) => ms < 995 ? Math.round(ms) + " ms" : (ms / 1000).toFixed(ms < 9950 ? 2 : 1) + " s";
const lasted = (s) => s < 120 ? Math.round(s) + " s" : s < 7200 ? Math.round(s / 60) + " min" : (s / 3600).toFixed(1) + " h";

function show(parent, rows) { // rows of cells: text, or [text, class]
  parent.replaceChildren(...rows.map((cells) => {
    const tr = make("tr");
    for (const cell of cells) Array.isArray(cell) ? tr.append(make("td", cell[0], cell[1])) : tr.append(make("td", cell));
    return tr;
  }));
}

function figures(list) {
  $("#figures").replaceChildren(...list.map(([name, value, more]) => {
    const box = make("div"), dd = make("dd", value);
    if (more) dd.append(make("small", more));
    box.append(make("dt", name), dd);
    return box;
  }));
}

function streams(status) {
  const table = $("#streams table");
  table.hidden = !status.streams.length;
  $("#streams .empty").hidden = !!status.streams.length;
  show(table.tBodies[0], status.streams.map((s) => [
    s.stream, s.error ? [s.state + ": " + s.error, "warn"] : s.state === "live" ? s.state : [s.state, "warn"],
    s.viewers, s.readers, (s.bitrate / 1e6).toFixed(2) + " Mbit/s",
    s.bytes_in ? (s.bytes_out / s.bytes_in).toFixed(2) : "–", bytes(s.bytes_out), lasted(s.uptime)]));
}

function demo(d) {
  const t = d.total;
  figures([["viewers", String(t.viewers), t.playing < t.viewers ? t.playing + " playing" : ""],
    ["offload", percent(t.offload), "of at most " + percent(t.ceiling)],
    ["start, p95", seconds(t.start_p95_ms)], ["behind live", seconds(t.delay_p50_ms)],
    ["stalls", String(t.stalls)], ["memory", bytes(d.memory.total_bytes)]]);
  $("#share").hidden = $("#viewers").hidden = false;
  $("#share i").style.width = 100 * t.offload + "%";
  $("#from-peers").textContent = bytes(t.peer_bytes) + " from peers";
  $("#from-server").textContent = bytes(t.server_bytes) + " from the server";
  show($("#viewers tbody"), d.viewers.map((v) => [
    String(v.viewer), v.state === "playing" ? percent(v.offload) : [v.error || v.state, v.error ? "warn" : ""],
    v.start_ms ? seconds(v.start_ms) : "–", v.delay_ms ? seconds(v.delay_ms) : "–",
    v.stalls ? [v.stalls, "warn"] : "0", v.peers, bytes(v.peer_bytes), bytes(v.server_bytes), bytes(v.upload_bytes)]));
}

function server(s) {
  const sum = (key) => s.streams.reduce((n, x) => n + x[key], 0);
  figures([["streams", String(s.streams.length)], ["viewers", String(sum("viewers"))], ["HTTP players", String(sum("readers"))],
    ["bytes out", bytes(s.bytes_out)], ["bytes in", bytes(s.bytes_in)]]);
}

let shown = "";
function play(stream) { // how to play the stream with this id
  if (shown === stream) return;
  shown = stream;
  const here = location.origin, url = /^\w+:\/\//.test(stream);
  const flv = here + (url ? "/v1/flv?url=" + encodeURIComponent(stream) : "/live/" + stream + ".flv");
  const proxied = "http://127.0.0.1:16080/" +
    (url ? stream.replace(/^http:\/\//, "").replace(/^(\w+):\/\//, "$1/").replace(/^(rt[ms]ps?\/[^?]*)/, "$1.flv") : "channel/" + stream + ".flv");
  const quote = (s) => /[^\w@%+=:,./-]/.test(s) ? "'" + s.replaceAll("'", "'\\''") + "'" : s;
  const ways = [
    ["As one of the peers, in the terminal:", `superp2p play ${quote(stream)} --server ${here} --player ffplay`],
    ["As one of the peers, in any player:", `superp2p proxy --server ${here}\nffplay ${quote(proxied)}`],
    ["Without P2P, straight from the server:", `ffplay ${quote(flv)}`]];
  $("#play").replaceChildren(...ways.map(([text, command]) => {
    const box = make("div");
    box.append(make("p", text), make("pre", command));
    return box;
  }));
}

let isDemo; // unknown until asked once
async function get(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(path + " answered " + answer.status);
  return answer.json();
}
async function refresh() {
  try {
    const status = await get("/v1/status");
    if (isDemo === undefined) isDemo = (await fetch("/demo/status", { cache: "no-store" })).ok;
    streams(status);
    if (isDemo) demo(await get("/demo/status")); else server(status);
    play(status.streams.length ? status.streams[0].stream : isDemo ? "demo" : "live1");
    $("#connection").className = "";
    $("#connection").textContent = (isDemo ? "demo" : "server") + " up for " + lasted(status.uptime);
    $("#footer").textContent = "superp2p " + status.version;
  } catch (e) {
    $("#connection").className = "lost";
    $("#connection").textContent = "no answer from the server, trying again";
  }
  setTimeout(refresh, document.hidden ? 5000 : 1000);
}
refresh();
