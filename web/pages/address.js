/* What is played and how, in the address of the page, so that it can be shared and gone back to. */

/** readAddress returns {target, delay, peers, upload}; target is a URL, a channel id or "". */
export function readAddress() {
  const q = new URLSearchParams(location.search);
  // Typed by hand, a URL is often not escaped: then all that follows is part of it.
  const raw = /^\?url=(\w+:\/\/.*)$/.exec(location.search);
  if (raw) return { target: raw[1], delay: 0, peers: true, upload: true };
  const delay = Number(q.get("delay"));
  return {
    target: (q.get("url") || q.get("channel") || "").trim(), delay: delay >= 2 && delay <= 30 ? delay : 0,
    peers: q.get("peers") !== "0", upload: q.get("upload") !== "0",
  };
}

/** addressOf is the address that plays a target. Settings that are usual are left out. */
export function addressOf(target, { delay = 6, peers = true, upload = true } = {}) {
  const u = new URL("./", location.href);
  u.searchParams.set(target.includes("://") ? "url" : "channel", target);
  if (delay !== 6) u.searchParams.set("delay", delay);
  if (!peers) u.searchParams.set("peers", "0");
  if (!upload) u.searchParams.set("upload", "0");
  return u.href;
}
