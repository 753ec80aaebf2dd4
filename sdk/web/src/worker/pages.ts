/** The pages that this worker controls, and which of them answers a request. */
import type { FromPage, Question } from "../urls/messages";

declare const self: ServiceWorkerGlobalScope;

/** grace is how long the page that asks is waited for once another would answer; patience, how long any is, in ms. */
const grace = 150;
const patience = 1_500;
const maxAsked = 32;

/** Page is one that answers a request, and the port for it. */
export interface Page {
  id: string;
  port: MessagePort;
}

/** Pages knows who answers. A worker is stopped and started at any time: what it does not know it asks. */
export class Pages {
  private readonly answers = new Map<string, boolean>(); // by the client's id

  /** note takes down whether a page answers. */
  note(id: string, answers: boolean): void {
    this.answers.set(id, answers);
  }

  /** find returns the page that asks, if it answers, else, unless only that will do, any that does. */
  async find(asking: string, only = false): Promise<Page | undefined> {
    // Only windows: a port that is posted to a worker client can take the browser down.
    const windows = (await self.clients.matchAll({ type: "window" })).filter((c) => c.type === "window");
    for (const id of this.answers.keys()) if (!windows.some((c) => c.id === id)) this.answers.delete(id);
    const own = windows.find((c) => c.id === asking);
    if (only) return this.ask(own ? [own] : [], own);
    if (own && this.answers.get(asking)) return (await this.ask([own], own)) ?? this.ask(windows, undefined);
    return this.ask(windows, own && this.answers.get(asking) !== false ? own : undefined);
  }

  /** ask asks some pages and takes the preferred one, if it answers soon enough. */
  private ask(windows: readonly Client[], preferred: Client | undefined): Promise<Page | undefined> {
    if (windows.length === 0) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      let spare: Page | undefined;
      let settled = false;
      const settle = (page: Page | undefined): void => {
        if (spare !== page) spare?.port.close();
        if (settled) page?.port.close();
        else resolve(page);
        settled = true;
        spare = undefined;
      };
      setTimeout(() => settled || settle(spare), patience);
      for (const client of windows.slice(0, maxAsked)) {
        knock(client, (page) => {
          this.note(page.id, true);
          if (settled || spare) page.port.close();
          else if (!preferred || client === preferred) settle(page);
          else {
            spare = page;
            setTimeout(() => {
              if (settled) return;
              this.note(preferred.id, false);
              settle(spare);
            }, grace);
          }
        });
      }
    });
  }
}

function knock(client: Client, here: (page: Page) => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<FromPage>) => {
    if ("here" in data) here({ id: client.id, port: port1 });
  };
  client.postMessage({ superp2p: "who" } satisfies Question, [port2]);
}
