/** What the URLs below p2p/ stand for: /p2p/<host>/<path>, /p2p/<scheme>/<host>/<path>, /p2p/channel/<id> and /p2p/session/<id>. */

/** schemes are those of what can be played. As the first part of a path they are never hosts. */
const schemes = ["http", "https", "rtmp", "rtmps", "rtsp", "rtsps"];
const channel = "channel";
/** session is what SWFs play: what that is they have told their page. */
const session = "session/";
const maxLength = 8192;

/** baseOf returns the URL that all others begin with, of a worker's scope. */
export function baseOf(scope: string): string {
  return new URL("p2p/", scope).href;
}

/** sessionsOf returns the URL that those of sessions begin with, and sessionOf the session that href stands for, "" if for none. */
export function sessionsOf(scope: string): string {
  return baseOf(scope) + session;
}

export function sessionOf(href: string, scope: string): string {
  const base = sessionsOf(scope);
  return href.startsWith(base) ? (/^[0-9A-Za-z]{16,64}$/.exec(href.slice(base.length))?.[0] ?? "") : "";
}

/** targetOf returns the URL or the channel id that href stands for; undefined where it stands for none. */
export function targetOf(href: string, scope: string): string | undefined {
  const base = baseOf(scope);
  if (!href.startsWith(base) || href.length > maxLength) return undefined;
  const rest = href.slice(base.length).replace(/#.*$/, "");
  const at = rest.search(/[/?]/);
  const first = at < 0 ? rest : rest.slice(0, at);
  const tail = at < 0 ? "" : rest.slice(at + 1);
  try {
    if (first === channel) return decodeURIComponent(tail.replace(/\?.*$/, "")) || undefined;
    const target = schemes.includes(first) ? `${first}://${tail}` : `${new URL(scope).protocol}//${rest}`;
    return /^\w+:\/\/[^/?]/.test(target) && new URL(target).hostname ? target : undefined;
  } catch {
    return undefined;
  }
}

/** urlOf is the other way; undefined of what has no such URL. */
export function urlOf(target: string, scope: string): string | undefined {
  const base = baseOf(scope);
  if (!target.includes("://")) return target ? base + channel + "/" + target.split("/").map(encodeURIComponent).join("/") : undefined;
  try {
    const [, scheme = "", rest = ""] = /^([a-z]+):\/\/([^#]+)/.exec(new URL(target).href) ?? [];
    return schemes.includes(scheme) ? `${base}${scheme}/${rest}` : undefined;
  } catch {
    return undefined;
  }
}
