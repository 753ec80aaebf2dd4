/** One request, which a page answers. */
import type { FromPage, Get, Head, Refusal, ToPage } from "../urls/messages";
import type { Page } from "./pages";

declare const self: ServiceWorkerGlobalScope;

/** looks is how often it is looked whether the page is still there; headPatience, how long an answer may take to begin, in ms. */
const looks = 3_000;
const headPatience = 30_000;

/** Exchange asks a page for what one request wants. */
export class Exchange {
  private take: ((m: FromPage) => void) | undefined;
  private give: ((why: Error) => void) | undefined;
  private over = false;

  /** open holds all exchanges that are not over. */
  constructor(
    readonly page: Page,
    readonly id: string,
    private readonly open: Set<Exchange>,
  ) {
    open.add(this);
    page.port.onmessage = ({ data }: MessageEvent<FromPage>) => this.take?.(data);
  }

  /** begin returns how the answer begins, or why there is none. */
  async begin(get: Get, signal: AbortSignal): Promise<Head | Refusal> {
    signal.addEventListener("abort", () => this.cancel());
    try {
      this.say({ get });
      const m = await this.next(headPatience);
      if ("head" in m) return m.head;
      this.end();
      return "refused" in m ? m.refused : { code: "internal", message: "the page says nothing that was asked" };
    } catch (e) {
      this.cancel();
      return { code: "source_timeout", message: (e as Error).message };
    }
  }

  /** body is what comes after the head; the page is asked for more when more is wanted. */
  body(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (to) => {
          try {
            this.say({ pull: true });
            const m = await this.next(Infinity);
            if ("bytes" in m) {
              to.enqueue(m.bytes);
              return;
            }
            this.end();
            if ("end" in m) to.close();
            else to.error(new Error("failed" in m ? m.failed : "the page says nothing that was asked"));
          } catch (e) {
            this.cancel();
            to.error(e);
          }
        },
        cancel: () => this.cancel(),
      },
      { highWaterMark: 0 },
    );
  }

  /** cancel tells the page that nobody waits any more. */
  cancel(): void {
    if (this.over) return;
    this.say({ cancel: true });
    this.give?.(new Error("it was given up"));
    this.end();
  }

  private say(m: ToPage): void {
    if (!this.over) this.page.port.postMessage(m);
  }

  private end(): void {
    this.over = true;
    this.open.delete(this);
    this.page.port.close();
  }

  private next(most: number): Promise<FromPage> {
    if (this.over) return Promise.reject(new Error("it is over"));
    return new Promise((resolve, reject) => {
      const begun = Date.now();
      const timer = setInterval(() => {
        if (Date.now() - begun > most) this.give?.(new Error("the page does not answer in time; is it busy?"));
        void self.clients.get(this.page.id).then((c) => c ?? this.give?.(new Error("the page that fetched this is gone; ask again")));
      }, looks);
      const done = (): void => {
        clearInterval(timer);
        this.take = this.give = undefined;
      };
      this.take = (m) => {
        done();
        resolve(m);
      };
      this.give = (why) => {
        done();
        reject(why);
      };
    });
  }
}
