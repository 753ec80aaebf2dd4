/** The page's half of the Service Worker: it registers it, and answers what it asks. */
import type { AdapterOptions } from "../player/adapters";
import { targetOf, urlOf } from "./address";
import { Flash } from "./flash";
import type { FlashDoor } from "./flash";
import type { Kit } from "./kit";
import type { FromPage, Noted, Notice, Question, ToPage } from "./messages";
import { Reply } from "./reply";
import { Shelf } from "./shelf";

/** ServiceWorkerOptions say where and how what the URLs name is played. */
export interface ServiceWorkerOptions extends AdapterOptions {
  /** Which pages the worker serves, as navigator.serviceWorker.register has it. Default: the folder of its script. */
  scope?: string;
}

/** SiteWorker is a Service Worker that serves this page's players. */
export interface SiteWorker {
  /** url returns the URL of this site for the URL of a stream, or for a channel id. */
  url(target: string): string;
  /** close ends what this page plays through it. The worker stays, and has players load from the URLs themselves. */
  close(): void;
}

/** startTime is how long the worker may take until it controls the page, in ms; noticeTime, until it answers a notice. */
const startTime = 10_000;
const noticeTime = 2_000;
const tick = 250;
/** aliveEvery is how often the worker is asked which requests it has in hand, in ms. It also keeps browsers from taking it for idle. */
const aliveEvery = 10_000;
const maxRequests = 64;

/** start is superp2p.serviceWorker. */
export async function start(kit: Kit, script: string, options: ServiceWorkerOptions): Promise<SiteWorker> {
  const { Fault } = kit;
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!isSecureContext) {
    throw new Fault("not_supported", "browsers run Service Workers on https and localhost only: serve the page so, or use the loaders");
  }
  if (!container) {
    throw new Fault("not_supported", "this browser has no Service Workers here, perhaps in its private mode: use the loaders, or the URL itself");
  }
  const { scope: wanted, ...rest } = options;
  const flash = new Flash(kit, rest);
  (place.superp2p ??= {}).flash ??= flash.door;
  try {
    return await control(kit, container, script, wanted, rest, flash);
  } catch (why) {
    shut(flash);
    throw why;
  }
}

/** control registers the worker and waits until it controls the page. */
async function control(
  kit: Kit, container: ServiceWorkerContainer, script: string, wanted: string | undefined, rest: AdapterOptions, flash: Flash,
): Promise<SiteWorker> {
  const { Fault } = kit;
  let registration: ServiceWorkerRegistration;
  try {
    registration = await container.register(script, { updateViaCache: "none", ...(wanted ? { scope: wanted } : {}) });
  } catch (why) {
    throw new Fault("config_invalid", `the Service Worker ${script} cannot be registered (${(why as Error).message}): it must be of this ` +
      `site's own origin and hold importScripts("…/sdk/superp2p-sw.js") of a server that is up`, why);
  }
  const { scope } = registration;
  if (!location.href.startsWith(scope)) {
    throw new Fault("config_invalid", `the Service Worker ${script} serves pages below ${scope} only, and this is none: host it at the root of the site`);
  }
  const desk = new Desk(container, scope, kit, rest, flash);
  const until = performance.now() + startTime;
  for (;;) {
    const worker = container.controller ?? registration.active;
    if (worker && (await notice(worker, "hello")) && container.controller === worker) break;
    if (performance.now() > until) {
      desk.close();
      throw new Fault("config_invalid", `the Service Worker ${script} does not come to control this page: does it hold ` +
        `importScripts("…/sdk/superp2p-sw.js"), before all else?`);
    }
    await changed(container);
  }
  flash.scope = scope;
  return {
    url: (target) => {
      const url = urlOf(target, scope);
      if (!url) throw new Fault("url_invalid", "only http(s), rtmp(s) and rtsp(s) URLs and channel ids have a URL of this site");
      return url;
    },
    close: () => desk.close(),
  };
}

/** place is where SWFs look for the page's SDK, whichever way that was loaded. */
const place = globalThis as { superp2p?: { flash?: FlashDoor } };

function shut(flash: Flash): void {
  flash.close();
  if (place.superp2p?.flash === flash.door) delete place.superp2p.flash;
}

/** changed waits until another worker controls the page, or a moment. */
function changed(container: ServiceWorkerContainer): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      container.removeEventListener("controllerchange", done);
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, tick);
    container.addEventListener("controllerchange", done);
  });
}

/** notice tells a worker something, and returns its answer, if there is one in time. */
function notice(worker: ServiceWorker, superp2p: Notice["superp2p"]): Promise<Noted | undefined> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const done = (noted?: Noted): void => {
      clearTimeout(timer);
      port1.close();
      resolve(noted);
    };
    const timer = setTimeout(done, noticeTime);
    port1.onmessage = ({ data }: MessageEvent<Noted>) => done(data);
    worker.postMessage({ superp2p } satisfies Notice, [port2]);
  });
}

/** Desk is where the worker's questions come in. */
class Desk {
  private readonly shelf: Shelf;
  private readonly replies = new Map<string, Reply>();
  private readonly asked = (e: MessageEvent): void => this.ask(e);
  private readonly hello = (): void => void this.container.controller?.postMessage({ superp2p: "hello" } satisfies Notice);
  private readonly timer: number;
  private missing = new Set<string>();

  constructor(
    private readonly container: ServiceWorkerContainer,
    private readonly scope: string,
    private readonly kit: Kit,
    options: AdapterOptions,
    private readonly flash: Flash,
  ) {
    this.shelf = new Shelf(kit, options);
    container.addEventListener("message", this.asked);
    container.addEventListener("controllerchange", this.hello);
    container.startMessages();
    this.timer = window.setInterval(() => void this.tell(), aliveEvery);
  }

  close(): void {
    clearInterval(this.timer);
    this.container.removeEventListener("message", this.asked);
    this.container.removeEventListener("controllerchange", this.hello);
    this.container.controller?.postMessage({ superp2p: "bye" } satisfies Notice);
    for (const r of [...this.replies.values()]) r.end();
    this.shelf.close();
    shut(this.flash);
  }

  private ask(e: MessageEvent<Partial<Question> | null>): void {
    const port = e.ports[0];
    if (e.data?.superp2p !== "who" || !port) return;
    e.stopImmediatePropagation(); // it is answered once, however often a page calls serviceWorker
    port.onmessage = ({ data }: MessageEvent<ToPage>) => {
      if (!("get" in data)) return;
      const { get } = data;
      const reply = new Reply(get, port, this.shelf, this.flash, (url) => this.place(url), () => this.replies.delete(get.id));
      if (this.replies.size >= maxRequests) {
        reply.refuse(new this.kit.Fault("limit_reached", `this page reads ${maxRequests} URLs at once; end some`));
        return;
      }
      this.replies.set(get.id, reply);
      void reply.begin();
    };
    port.postMessage({ here: true } satisfies FromPage);
  }

  /** place returns the path of a URL here. What leads back to this site is left alone. */
  private place(url: string): string | undefined {
    if (targetOf(url, this.scope) !== undefined) return undefined;
    const placed = urlOf(url, this.scope);
    return placed && placed.slice(new URL(placed).origin.length);
  }

  /** tell has the worker go on, and ends what it has forgotten, because it was stopped all the same. */
  private async tell(): Promise<void> {
    const { controller } = this.container;
    if (this.replies.size === 0 || !controller) return;
    const had = [...this.replies.keys()];
    const noted = await notice(controller, "alive");
    if (!noted) return;
    const gone = had.filter((id) => !noted.open.includes(id));
    for (const id of gone) if (this.missing.has(id)) this.replies.get(id)?.end();
    this.missing = new Set(gone);
  }
}
