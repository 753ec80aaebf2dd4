/* The player page: plays by P2PNetStream, says what fails, and shows the swarm. */
import { addressOf, readAddress } from "./address.js";
import { watchChannels } from "./channels.js";
import { directURL, playDirect } from "./direct.js";
import { Figures } from "./figures.js";
import { short } from "./text.js";

const $ = (id) => document.getElementById(id);
const video = $("video");
const sdk = globalThis.superp2p; // missing where the server was built without it
const stream = sdk && new sdk.P2PNetStream();
const figures = new Figures(stream, video);
let playing = "", endDirect, began = false, seeking = false, flushed = false, attempt = 0;

/** say shows a message; more is a quieter sentence, link a URL. */
function say(kind, text, more = "", link = "") {
  const box = $("message");
  box.hidden = !text;
  box.className = "message " + kind;
  const line = (content) => Object.assign(document.createElement("p"), { textContent: content });
  box.replaceChildren(...[text, more].filter(Boolean).map(line));
  if (link) {
    const a = Object.assign(document.createElement("a"), { href: link, textContent: link, rel: "noreferrer" });
    const p = line("The stream itself: ");
    p.append(a);
    box.append(p);
  }
}

const settings = () => ({ delay: Number($("delay").value), peers: $("peers").checked, upload: $("upload").checked });

/** play plays a target; remember: as a new entry of the history. */
function play(target, remember) {
  target = target.trim();
  $("target").value = target;
  if (!target) {
    say("warning", "There is nothing to play yet.", "Give a URL (.flv, .m3u8, .mp4, rtmp://, rtsp://) or the name of a channel.");
    $("target").focus();
    return;
  }
  attempt++;
  const set = settings();
  if (remember) history.pushState(null, "", addressOf(target, set));
  stop();
  playing = target;
  document.title = short(target) + " – superp2p";
  $("title").textContent = $("title").title = target;
  $("cover").hidden = true;
  $("caption").hidden = $("busy").hidden = false;
  if (navigator.userActivation?.hasBeenActive && !began) video.muted = false;
  mark(target);
  say("", "");
  began = seeking = flushed = false;
  figures.start(set.delay);
  if (!stream) {
    void direct({ description: "This server was built without the page SDK: call make sdk, then make build." });
    return;
  }
  stream.attach(video);
  stream.play(target, { delay: set.delay, httpOnly: !set.peers, upload: set.upload });
}

function stop() {
  endDirect?.();
  endDirect = undefined;
  stream?.close();
  $("busy").hidden = true;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, ".");

/** final are the failures that the URL itself cannot help against. */
const final = new Set(["url_invalid", "channel_unknown", "request_invalid", "config_invalid"]);

/** direct plays the target without peers, after a failure that info tells. */
async function direct(info) {
  const url = directURL(playing), mine = attempt, again = "Press Play to try again.";
  const external = /^https?:/.test(playing) ? url : "";
  const why = sentence(info.description) + (info.error ? ` (${info.error})` : "");
  stop();
  if (!url || final.has(info.error)) {
    say("error", "This cannot be played.", why);
    return;
  }
  say("warning", "It does not play with other viewers; trying the URL itself …", why);
  $("busy").hidden = false;
  stream?.attach(null);
  const failed = (reason) => {
    if (mine !== attempt) return;
    stop();
    say("error", "This plays neither with other viewers nor from the URL itself. " + again, `${why} From the URL itself: ${reason}`, external);
  };
  video.addEventListener("playing", () => {
    if (mine !== attempt || !endDirect) return;
    $("busy").hidden = true;
    say("warning", "Playing from the URL itself, without other viewers.", why);
  }, { once: true });
  try {
    const end = await playDirect(video, url, failed);
    if (mine === attempt) endDirect = end;
    else end();
  } catch (e) {
    failed(e.message);
  }
}

/** heard acts on what the stream tells. */
function heard(info) {
  const code = info.code.replace("NetStream.", "");
  if (info.level === "error" && !/^(Connect|Seek)\./.test(code)) return void direct(info);
  switch (code) {
    case "SeekStart.Notify": seeking = true; break;
    case "Seek.InvalidTime":
    case "Seek.Failed": seeking = false; say("warning", "Nothing is there to seek to.", info.description); break;
    case "Buffer.Flush": flushed = true; break;
    case "Buffer.Empty":
      if (flushed) break;
      if (began && !seeking) figures.stalls++;
      $("busy").hidden = false;
      break;
    case "Buffer.Full":
      began = true;
      seeking = flushed = false;
      $("busy").hidden = true;
      $("sound").hidden = !video.muted;
      break;
    case "Play.UnpublishNotify": say("warning", "The source has stopped. Waiting for it to come back."); break;
    case "Play.PublishNotify":
    case "Play.Start": say("", ""); break;
    case "Play.InsufficientBW": say("warning", "The network is too slow for this stream.", info.description); break;
    case "Play.Stop":
      $("busy").hidden = true;
      say("", "The stream is over.", "Press Play to see it again.");
  }
}

stream?.addEventListener("netStatus", (e) => heard(e.info));

const mark = watchChannels($("channels"), $("empty"), settings, (s) => play(s, true), (streams) => {
  const first = $("first"), one = streams[0]?.stream;
  first.hidden = !one || Boolean(playing);
  if (!one) return;
  first.dataset.stream = one;
  first.textContent = "▶ Play " + short(one);
});

$("form").addEventListener("submit", (e) => {
  e.preventDefault();
  play($("target").value, true);
});
for (const id of ["delay", "peers", "upload"]) $(id).addEventListener("change", () => playing && play(playing, true));
$("first").addEventListener("click", (e) => play(e.currentTarget.dataset.stream, true));
$("sound").addEventListener("click", () => {
  video.muted = false;
});
video.addEventListener("volumechange", () => {
  $("sound").hidden = !video.muted;
});
$("share").addEventListener("click", async () => {
  const link = addressOf(playing, settings());
  try {
    await navigator.clipboard.writeText(link);
    $("share").textContent = "Copied";
    setTimeout(() => {
      $("share").textContent = "Copy link";
    }, 2000);
  } catch {
    say("", "This is the link:", link); // the browser allows copying on https and localhost only
  }
});

function follow() {
  const { target, delay, peers, upload } = readAddress();
  if (delay && ![...$("delay").options].some((o) => Number(o.value) === delay)) $("delay").add(new Option(delay + " s", delay));
  $("delay").value = String(delay || 6);
  $("peers").checked = peers;
  $("upload").checked = upload;
  if (target) return play(target, false);
  attempt++;
  stop();
  playing = $("target").value = "";
  document.title = "superp2p";
  mark("");
  say("", "");
  $("cover").hidden = false;
  $("caption").hidden = true;
}
addEventListener("popstate", follow);
follow();
