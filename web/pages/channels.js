/* The list of what is on air, from /v1/status. */
import { addressOf } from "./address.js";
import { short } from "./text.js";

/** watchChannels keeps the list. chosen is called with a stream that was chosen, changed with the streams each time. */
export function watchChannels(list, empty, settings, chosen, changed) {
  let playing = "", shown = "", streams = [];
  const draw = () => {
    const now = JSON.stringify([playing, streams.map((s) => [s.stream, s.state, s.viewers + s.readers, Math.round(s.bitrate / 1e5)])]);
    if (now === shown) return;
    shown = now;
    const held = list.contains(document.activeElement) ? document.activeElement.dataset.stream : undefined;
    list.replaceChildren(...streams.map((s) => item(s, s.stream === playing, settings())));
    if (held) [...list.querySelectorAll("a")].find((a) => a.dataset.stream === held)?.focus();
  };
  list.addEventListener("click", (e) => {
    const a = e.target.closest("a");
    if (!a || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    chosen(a.dataset.stream);
  });
  const ask = async () => {
    try {
      const answer = await fetch("v1/status", { cache: "no-store" });
      if (!answer.ok) throw new Error();
      streams = (await answer.json()).streams;
      empty.hidden = streams.length > 0;
      empty.textContent = "Nothing is on air. What you play is pulled from its source, if this server may.";
      draw();
      changed(streams);
    } catch {
      empty.hidden = false;
      empty.textContent = "The server does not answer; trying again.";
    }
    setTimeout(ask, document.hidden ? 10_000 : 3000);
  };
  void ask();
  return (target) => {
    playing = target;
    draw();
  };
}

function item(s, current, settings) {
  const li = document.createElement("li"), a = document.createElement("a"), name = document.createElement("b");
  const more = document.createElement("small"), state = document.createElement("i");
  a.href = addressOf(s.stream, settings);
  a.dataset.stream = a.title = s.stream;
  if (current) a.setAttribute("aria-current", "true");
  name.textContent = short(s.stream);
  state.textContent = s.state;
  if (s.error || s.state !== "live") state.className = "lost";
  const viewers = s.viewers + s.readers;
  more.append(state, ` · ${viewers} ${viewers === 1 ? "viewer" : "viewers"} · ${(s.bitrate / 1e6).toFixed(1)} Mbit/s`);
  a.append(name, more);
  li.append(a);
  return li;
}
