/**
 * The Service Worker that makes what superp2p plays a URL of the site: /p2p/<host>/<path>. A site hosts one line of its own,
 * importScripts("https://server/sdk/superp2p-sw.js"). The engine is in the pages, by superp2p.serviceWorker(): this only asks them.
 */
import { sessionOf, targetOf } from "../urls/address";
import type { Noted, Notice, Refusal } from "../urls/messages";
import { Exchange } from "./exchange";
import { Pages } from "./pages";

declare const self: ServiceWorkerGlobalScope;

/** readers are the destinations that get media: fetch and players. Anything else would be a foreign document or script here. */
const readers = ["", "video", "audio", "track"];

/** statuses are those of docs/errors.md; of other codes 502. */
const statuses: Record<string, number> = {
  url_invalid: 400, origin_not_allowed: 403, address_private: 403, channel_unknown: 404, source_changed: 410, source_ended: 410,
  source_lost: 410, internal: 500, limit_reached: 503, source_timeout: 504, nothing_playable: 504,
};

const pages = new Pages();
const open = new Set<Exchange>();

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));

self.addEventListener("message", (e) => {
  const { id } = (e.source as Client | null) ?? {};
  const { superp2p } = (e.data ?? {}) as Partial<Notice>;
  if (!id || !superp2p) return;
  pages.note(id, superp2p !== "bye");
  const noted: Noted = { open: [...open].filter((x) => x.page.id === id).map((x) => x.id) };
  // A page that was reloaded past the cache is controlled by nobody until it is claimed.
  const claimed = superp2p === "hello" ? self.clients.claim() : Promise.resolve();
  e.waitUntil(claimed.catch(() => undefined).then(() => e.ports[0]?.postMessage(noted)));
});

self.addEventListener("fetch", (e) => {
  const { request } = e;
  const { scope } = self.registration;
  const session = sessionOf(request.url, scope);
  const target = session ? "" : targetOf(request.url, scope);
  if (target === undefined) return;
  e.stopImmediatePropagation(); // a site's own worker has nothing to say to this
  e.respondWith(answer(request, target, session, e.clientId));
});

async function answer(request: Request, target: string, session: string, client: string): Promise<Response> {
  const { method, headers, signal } = request;
  if (request.mode === "navigate" || !readers.includes(request.destination)) {
    return plain(403, "request_invalid: this is a URL for players and fetch, and neither a page nor a script");
  }
  if (method !== "GET" && method !== "HEAD") return plain(405, "request_invalid: the method must be GET or HEAD");
  const page = await pages.find(client, session !== "");
  if (!page) {
    return instead(target, {
      code: "server_unreachable",
      message: "no page of this site that calls superp2p.serviceWorker() is open, or it does not answer: open one",
    });
  }
  const exchange = new Exchange(page, crypto.randomUUID(), open);
  const get = {
    id: exchange.id, target, session, head: method === "HEAD", range: headers.get("Range") ?? "", ifRange: headers.get("If-Range") ?? "",
  };
  const begun = await exchange.begin(get, signal);
  if ("code" in begun) return instead(target, begun);
  const empty = get.head || begun.status === 416;
  if (empty) exchange.cancel();
  return new Response(empty ? null : exchange.body(), begun);
}

/** instead has the player load the URL itself, where it can, as it does without superp2p. */
function instead(target: string, { code, message }: Refusal): Response {
  if (/^https?:/.test(target)) return Response.redirect(target, 307);
  return plain(statuses[code] ?? 502, `${code}: ${message}`);
}

function plain(status: number, text: string): Response {
  return new Response(text + "\n", { status, headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" } });
}
