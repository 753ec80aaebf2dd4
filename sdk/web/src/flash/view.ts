/** One answer of FLV to a SWF: what internal/viewing is on servers. */
import type { AdapterOptions } from "../player/adapters";
import type { Kit } from "../urls/kit";
import { Converter } from "./converter";
import type { Taker } from "./converter";
import { Deck } from "./deck";
import type { Wishes } from "./deck";

export type { Wishes } from "./deck";

/** enough is how much waits for the worker before the converter rests, in bytes, and atOnce how much it gets in one piece. */
const enough = 1 << 20;
const atOnce = 256 << 10;
/**
 * lag is how long after the first bytes of a live stream a player gets them, in ms: bytes come as they are due for one that has begun with
 * the first, in lumps, and players that know no speed but one would run dry.
 */
const lag = 1_000;
/** keptFor is how long what was played to its end stays open, for a seek back, in ms. */
const keptFor = 60_000;

/** cutFor is how long what was cut stays open, in ms. */
const cutFor = 10_000;

let converter: Promise<Converter> | undefined;

function load(kit: Kit, base: string): Promise<Converter> {
  const mine = (converter ??= kit.beside("flv.wasm", base, (url) => Converter.load(kit, url)));
  return mine.then(
    (c) => {
      if (!c.failed) return c;
      if (converter === mine) converter = undefined; // the one before is dead
      return load(kit, base);
    },
    (why: unknown) => {
      if (converter === mine) converter = undefined;
      throw why;
    },
  );
}

/** begin opens a view; previous is the one whose play goes on in it. */
export function begin(kit: Kit, options: AdapterOptions, wishes: Wishes, previous?: View): View {
  return new View(kit, options, wishes, previous);
}

/** State is viewing.State. */
type State = Record<string, unknown> & { state: string };

export class View implements Taker {
  private deck: Promise<Deck>;
  private here: Deck | undefined;
  private number = 0;
  private queue: Uint8Array[] = [];
  private queued = 0;
  private waiting: (() => void) | undefined;
  private begun: ((why?: unknown) => void) | undefined;
  private over = false;
  private gone = false;
  private moved = false;
  private held = false;
  private readonly key: string;
  private timer = 0;
  private last: State = { state: "opening", live: false, duration: 0, start: 0, size: 0, bytes: 0, time: 0, videoBytes: 0, audioBytes: 0 };

  constructor(
    private readonly kit: Kit,
    private readonly options: AdapterOptions,
    private readonly wishes: Wishes,
    previous?: View,
  ) {
    this.key = JSON.stringify([wishes.target, wishes.server ?? "", wishes.delay ?? 0]);
    this.deck = previous?.handOver(this.key) ?? this.open();
    this.deck.then(
      (d) => {
        this.here = d;
        if (this.over) this.leave();
      },
      () => undefined,
    );
  }

  /** ready returns when there is FLV, or throws why there is none. */
  async ready(): Promise<void> {
    try {
      const deck = await this.deck;
      if (this.over) throw new this.kit.Fault("closed", "the player has ended it before it began");
      const patience = this.wishes.startTimeout ?? this.options.startTimeout ?? 10;
      await new Promise<void>((resolve, reject) => {
        this.begun = (why) => (why === undefined ? resolve() : reject(why));
        this.number = deck.converter.open(deck.wish(this.wishes, patience), this);
      });
      const early = deck.live ? deck.since + lag - performance.now() : 0;
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    } catch (why) {
      this.fail(why);
      throw why;
    }
  }

  /** next returns what comes next; undefined at the end, also at that of a failure: the state says which. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.queue.length === 0) {
      if (this.over) return undefined;
      await new Promise<void>((resolve) => (this.waiting = resolve));
    }
    let size = 0;
    let n = 0;
    do size += this.queue[n++]!.length;
    while (n < this.queue.length && size + this.queue[n]!.length <= atOnce);
    const all = new Uint8Array(size);
    let at = 0;
    for (const b of this.queue.splice(0, n)) {
      all.set(b, at);
      at += b.length;
    }
    const full = this.queued >= enough;
    this.queued -= size;
    if (full && this.queued < enough) this.here?.converter.more(this.number);
    return all;
  }

  state(): State {
    const failed = this.here?.converter.failed;
    if (failed && !/^(ended|failed|cut)$/.test(this.last.state)) this.fail(failed);
    if (this.number && this.here && !failed && this.last.state !== "cut") {
      const said = this.here.converter.state(this.number);
      if (said && this.last.state !== "failed") this.last = { ...this.last, ...(JSON.parse(said) as State) };
    }
    if (this.here && !this.moved) {
      const { delay, ...figures } = this.here.figures();
      this.last = { ...this.last, ...figures, delay: delay || this.last.delay || 0 };
    }
    return this.last;
  }

  setUpload(on: boolean): void {
    void this.deck.then((d) => d.setUpload(on), () => undefined);
  }

  /** end ends it. What is on its way to the player still comes. */
  end(): void {
    if (this.number && this.here && !this.here.converter.failed) {
      this.here.converter.end(this.number); // which tells ended when it has given all that it counts as sent
    } else {
      if (this.last.state === "opening") this.last.state = "ended";
      this.finish();
    }
    this.leave();
  }

  /** cut is told that not all of it came to the player. What it plays stays open for a moment, for the view that goes on. */
  cut(): void {
    const { state } = this.state();
    if (state !== "playing") return;
    this.held = true;
    this.end();
    this.last = { ...this.last, state: "cut" };
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.hold(false), cutFor);
  }

  /** left is told that nobody fetches it any more. */
  left(): void {
    this.gone = true;
    this.queue = [];
    if (!this.over) this.end();
  }

  // What the converter tells.

  give(flv: Uint8Array): boolean {
    if (this.gone) return false;
    this.queue.push(flv);
    this.queued += flv.length;
    this.wake();
    return this.queued >= enough;
  }

  head(): void {
    this.begun?.();
  }

  ended(): void {
    const { code, message } = this.state() as { code?: string; message?: string; state: string };
    this.begun?.(code ? new this.kit.Fault(code, message ?? "") : new this.kit.Fault("closed", "it has ended"));
    this.finish();
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.leave(), keptFor);
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.();
  }

  private finish(): void {
    this.over = true;
    this.wake();
  }

  private fail(why: unknown): void {
    const { code = "source_unreachable", message, event } = why as { code?: string; message?: string; event?: string };
    if (this.last.state !== "failed" && this.last.state !== "ended") {
      this.last = { ...this.last, state: "failed", code, message: message ?? String(why), event: event ?? eventOf(code, String(message)) };
    }
    this.finish();
    this.leave();
  }

  /** hold keeps open what it plays when it ends, for a view that follows; let go closes it. */
  hold(on: boolean): void {
    this.held = on;
    if (!on && this.over) this.leave();
  }

  /** handOver gives another view what this one plays, if it plays the same; this one ends. */
  private handOver(key: string): Promise<Deck> | undefined {
    const { state } = this.state();
    if (this.moved || this.key !== key || state === "failed") {
      this.hold(false);
      return undefined;
    }
    this.end();
    this.moved = true;
    return this.deck;
  }

  private async open(): Promise<Deck> {
    const { server = "", opened, ...config } = this.options;
    const { wishes, kit } = this;
    const mine = { ...config };
    if (wishes.server) delete mine.token; // that is of the page's own server
    if (wishes.delay) mine.delay = wishes.delay;
    if (wishes.startTimeout) mine.startTimeout = wishes.startTimeout;
    if (wishes.stallTimeout) mine.stallTimeout = wishes.stallTimeout;
    const at = wishes.server ?? server;
    const tell = { ...kit, open: (async (...a) => {
      const s = await kit.open(...a);
      opened?.(s, a[1]);
      return s;
    }) as Kit["open"] };
    return Deck.load(tell, await load(kit, at), at, wishes.target, mine);
  }

  /** leave closes what it plays, if nobody else does. */
  private leave(): void {
    window.clearTimeout(this.timer);
    if (!this.here || this.moved || this.held) return;
    this.state();
    this.moved = true;
    this.here.close();
  }

  /** forget frees what the converter knows of it. */
  forget(): void {
    this.end();
    if (this.number) this.here?.converter.forget(this.number);
  }
}

/** eventOf is viewing.Event. */
function eventOf(code: string, message: string): string {
  if (code === "source_invalid") return "Play.FileStructureInvalid";
  return code === "source_refused" && /404|StreamNotFound/.test(message) ? "Play.StreamNotFound" : "Play.Failed";
}
