/** Slices of a live track that are wanted at about the same time, by one request: in a browser a request costs more than what it brings. */
import type { Found } from "./answers";
import { askServer } from "./ask";
import type { Ask, Got } from "./ask";
import { Reader } from "./codec";
import type { Edge } from "./edge";
import { faultIn } from "./edge";
import { now } from "./engine";
import { asFault, ended } from "./fault";

/**
 * gather is how long others are waited for, in ms: the engine asks about so long before a slice is there. It is worth it where more than dense
 * come in a second.
 */
const gather = 100;
const dense = 12;
/** most is how many slices one request asks for (edgeapi.MaxAlso). */
const most = 16;
/** eager is how long, in ms, everything is asked for at once: a player waits for its first picture. */
const eager = 5_000;

interface Waiting {
  ask: Ask;
  signal: AbortSignal;
  take: (got: Got) => void;
  refuse: (why: unknown) => void;
}

/** Several asks the server for what a session wants of it. */
export class Several {
  private readonly begun = now();
  private waiting: Waiting[] = [];
  private timer = 0;

  constructor(
    private readonly edge: Edge,
    private readonly found: Found,
  ) {}

  /** ask is askServer. */
  ask(ask: Ask, signal: AbortSignal): Promise<Got> {
    const { file, rate } = this.found.res;
    if (ask.head > 0 || file || !(rate > dense) || now() - this.begun < eager) return askServer(this.edge, this.found, ask, signal);
    if (this.waiting[0] && this.waiting[0].ask.copies !== ask.copies) this.flush();
    return new Promise((take, refuse) => {
      signal.addEventListener("abort", () => refuse(ended(signal)));
      if (this.waiting.push({ ask, signal, take, refuse }) >= most) this.flush();
      else this.timer ||= window.setTimeout(() => this.flush(), gather);
    });
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    const all = this.waiting.filter(({ signal }) => !signal.aborted).sort((a, b) => a.ask.number - b.ask.number);
    this.waiting = [];
    const [one] = all;
    if (all.length > 1) void this.request(all);
    else if (one) askServer(this.edge, this.found, one.ask, one.signal).then(one.take, one.refuse);
  }

  private async request(all: Waiting[]): Promise<void> {
    const control = new AbortController();
    for (const { signal } of all) {
      signal.addEventListener("abort", () => {
        if (all.every((one) => one.signal.aborted)) control.abort();
      });
    }
    const { res } = this.found;
    const { number, copies } = all[0]!.ask;
    const wait = Math.max(...all.map(({ ask }) => ask.wait));
    const also = all.slice(1).map(({ ask }) => ask.number);
    try {
      const r = new Reader(await this.edge.bytes(this.edge.slice(res.slices, res, number, { wait, copies, also }), control.signal, 5_000 + wait));
      for (const one of all) {
        const answer = r.run();
        if (answer.length > 0) one.take({ answer });
        else one.refuse(faultIn(JSON.parse(new TextDecoder().decode(r.run()))));
      }
    } catch (e) {
      for (const one of all) one.refuse(asFault(e, "server_invalid")); // those that have an answer keep it
    }
  }
}
