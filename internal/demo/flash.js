// Plays the demo's stream by the SWF in Ruffle, which `make tools` installs; this page is served with it if it is there.
const said = document.getElementById("said");
const channel = new URLSearchParams(location.search).get("channel") ?? "demo";
document.getElementById("page").src = "../?channel=" + encodeURIComponent(channel);

window.superp2pEvent = (code, level, description) => {
  said.dataset.code = code;
  said.textContent = description ? code + ": " + description : code;
};
// By this the SWF plays by the page's engine, and has peers.
superp2p.serviceWorker("../sdk/superp2p-sw.js", { scope: "/" }).catch((why) => console.warn("superp2p.swf plays without peers:", why));
window.RufflePlayer = { config: { autoplay: "on", unmuteOverlay: "hidden", splashScreen: false, allowScriptAccess: true } };

const script = document.createElement("script");
script.src = "ruffle/ruffle.js";
script.onerror = () => {
  said.textContent = "Ruffle is not here. Call make tools in superp2p's folder, and start the demo there again.";
};
script.onload = () => {
  const player = window.RufflePlayer.newest().createPlayer();
  document.getElementById("flash").append(player);
  player.load({ url: new URL("../sdk/player.swf", location.href).href, parameters: { url: channel } });
  setInterval(() => {
    const s = player.p2pStat?.();
    if (s?.route) said.textContent = `by the ${s.route}, ${Math.round(100 * s.offload)} % of ${Math.round((s.cdnBytes + s.p2pBytes) / 1024)} KB from peers, ` +
      `${s.delay.toFixed(1)} s behind live`;
  }, 1000);
};
document.head.append(script);
