/** superp2p.serviceWorker: URLs of the site for any player in the page. */
import { Fault } from "../fault";
import { beside, open } from "../open";
import { library } from "../player/pipeline";
import { Playlists } from "../player/playlists";
import type { ServiceWorkerOptions, SiteWorker, start } from "./site";

export type { ServiceWorkerOptions, SiteWorker } from "./site";

/**
 * serviceWorker registers the site's Service Worker, a file with the line `importScripts("https://server/sdk/superp2p-sw.js")`, and
 * returns when it controls the page: from then on /p2p/<host>/<path> is a URL for any player in it. It throws the Fault that says
 * why there is none. Of several calls of a page the options of the first count, until its SiteWorker is closed.
 */
export async function serviceWorker(script: string, options: ServiceWorkerOptions = {}): Promise<SiteWorker> {
  const half = await library<{ start: typeof start }>("urls.mjs", options.server ?? "");
  return half.start({ open, Playlists, Fault, library, beside }, script, options);
}
