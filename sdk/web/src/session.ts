/**
 * One track played with peers: the engine's handle, its links, its tracker, and what it asks of the server. Whoever plays is
 * told by a Client, never while the engine is being called.
 */
import type { Found } from "./answers";
import type { Ask } from "./ask";
import type { Client, Neighbour } from "./client";
import { latin, Reader, Writer } from "./codec";
import type { Config, Sharing } from "./config";
import { encode, writeLive } from "./config";
import { fetchError } from "./edge";
import type { Edge } from "./edge";
import { now } from "./engine";
import type { Engine, Handle } from "./engine";
import { asFault, codeOf, Fault, safely } from "./fault";
import { In, Out, Reason, StatNames } from "./kinds";
import type { Counts } from "./kinds";
import { Links } from "./links";
import type { Swarm } from "./links";
import { available } from "./rtc";
import { Several } from "./several";
import type { Peer } from "./source";
import { Tabs } from "./tabs";
import { Tracker } from "./tracker";

/** sweepEvery is how often is looked after what has no event of its own, in ms. */
const sweepEvery = 250;
const periodicOffers = 16;

/** Session drives the engine for one track. */
export class Session implements Swarm {
  wanted = 0;
  accepts = false;
  /** position is the slice that is played next. */
  position = 0;
  private readonly handle: Handle;
  private readonly several: Several;
  private readonly links: Links;
  private tracker: Tracker | undefined;
  private tabs: Tabs | undefined;
  private readonly w = new Writer();
  private readonly fetches = new Map<number, AbortController>();
  private readonly proving = new Map<number, Ask>(); // what an origin gave and the engine has perhaps not judged yet
  private later: (() => void)[] = [];
  private counts: Counts | undefined;
  private swarmSize = 0;
  private running = false;
  private over = false;
  private timer = 0;
  private due = 0; // when it comes
  private readonly sweeper: number;
  private sweeps = 0;
  private warned = false;
  private at: number | undefined; // the engine's time, where it is not now

  /** since is when the player of a live stream began with what is restored; at the end of go it is now. */
  constructor(
    private readonly engine: Engine,
    edge: Edge,
    readonly found: Found,
    cfg: Config,
    self: Uint8Array,
    private readonly client: Client,
    sharing: Sharing,
    since?: number,
  ) {
    this.at = since;
    this.several = new Several(edge, found);
    const peers = cfg.peers !== false && available();
    this.handle = engine.handle(encode(cfg, found, self, peers, sharing), (why) => this.died(why), since);
    const name = latin(self);
    this.links = new Links(name, cfg.stun ?? found.res.stun ?? [], this);
    const url = peers ? edge.tracker(found.res) : "";
    const offers = Math.min(periodicOffers, cfg.maxPeers ?? 16);
    const join = (yes: boolean): void => {
      if (!yes || this.over) return;
      this.tracker = new Tracker(url, found.swarm, name, this.links, offers, found.res.crowd ? offers : 0);
      this.tabs = new Tabs(latin(found.swarm), name, this.links);
    };
    if (url && cfg.consent) void Promise.resolve(cfg.consent()).then(join);
    else if (url) join(true);
    this.sweeper = window.setInterval(() => this.sweep(), sweepEvery);
  }

  /** go starts the engine. What was restored before is taken in first. */
  go(): void {
    this.flush();
    if (this.at === undefined) return;
    this.at = undefined;
    this.flush();
  }

  /** restore gives the engine a slice that the page has already. */
  restore(number: number, frame: Uint8Array): void {
    this.w.byte(In.Restore).uvarint(number).run(frame);
  }

  /** read asks for count slices of a file from number on: those that are here come as slice, else kept tells. */
  read(number: number, count: number, eager: boolean): void {
    this.tell((w) => w.byte(In.Read).uvarint(number).uvarint(count).flag(eager));
  }

  hold(on: boolean): void {
    this.tell((w) => w.byte(In.Hold).flag(on));
  }

  setUpload(on: boolean): void {
    this.tell((w) => w.byte(In.SetUpload).flag(on));
  }

  setDownload(on: boolean): void {
    this.tell((w) => w.byte(In.SetDownload).flag(on));
  }

  /** reposition goes on with what the server says now of the same track. */
  reposition(found: Found): void {
    this.tell((w) => {
      w.byte(In.Reposition);
      if (found.res.file) w.varint(Math.round(found.offset));
      else writeLive(w, found);
    });
  }

  peers(): Peer[] {
    return this.links.peers();
  }

  /** stats returns what the engine counted. */
  stats(): { counts: Counts; swarm: number; links: number; tracker: number } {
    this.tell((w) => w.byte(In.Stats));
    const t = this.tracker?.stats;
    const none = Object.fromEntries(StatNames.map((n) => [n, 0])) as Counts;
    return { counts: this.counts ?? none, swarm: this.swarmSize, links: this.links.total, tracker: t ? t.in + t.out : 0 };
  }

  /** neighbours are those whose links are open. */
  neighbours(): Neighbour[] {
    const at = Date.now() - now();
    return this.links.list().map((k) => ({
      id: hexOf(k.peer), incoming: !k.ours, since: new Date(at + k.since), received: k.received, sent: k.sent,
    }));
  }

  /** refuse ends the link to a neighbour and makes none with it again. */
  refuse(id: string): void {
    for (const k of this.links.list()) {
      if (hexOf(k.peer) !== id) continue;
      this.closed(k.number);
      this.links.disconnect(k.number, true);
    }
  }

  /** close says goodbye to peers and ends everything. At once, no timer is left to do. */
  close(atOnce = false): void {
    if (this.over) return;
    this.tell((w) => w.byte(In.Leave));
    this.end(atOnce);
  }

  // What links tell.

  opened(number: number, peer: string): void {
    this.tell((w) => w.byte(In.LinkOpened).uvarint(number).raw(Uint8Array.from(peer, (c) => c.charCodeAt(0))));
  }

  closed(number: number): void {
    this.tell((w) => w.byte(In.LinkClosed).uvarint(number));
  }

  message(number: number, data: ArrayBuffer): void {
    this.tell((w) => w.byte(In.Message).uvarint(number).run(new Uint8Array(data)));
  }

  drained(number: number, waiting: number): void {
    this.tell((w) => w.byte(In.Drained).uvarint(number).uvarint(waiting));
  }

  size(n: number): void {
    this.swarmSize = n;
    this.tell((w) => w.byte(In.SwarmSize).uvarint(Math.max(0, n)));
  }

  failed(why: unknown): void {
    if (this.warned) return;
    this.warned = true;
    console.warn("superp2p: no links to peers can be made", why);
  }

  private tell(write: (w: Writer) => void): void {
    if (this.over) return;
    write(this.w);
    this.flush();
  }

  /** flush has the engine take in what is written, and carries out what follows, until there is no more. */
  private flush(): void {
    if (this.running || this.over) return;
    this.running = true;
    try {
      do {
        this.links.report();
        this.w.byte(In.Tick);
        this.carryOut(this.handle.run(this.w, this.at));
        const later = this.later;
        this.later = [];
        for (const f of later) {
          if (!this.over) safely(f, undefined);
        }
        if (this.w.length === 0) this.proving.clear();
      } while (this.w.length > 0 && !this.over);
    } catch (e) {
      this.died(asFault(e));
    } finally {
      this.running = false;
    }
  }

  /** carryOut does what the engine says. Whoever plays is told later, since it may call anything. */
  private carryOut(r: Reader): void {
    const { client } = this;
    while (!r.done) {
      const kind = r.byte();
      switch (kind) {
        case Out.Send:
          this.links.send(r.uvarint(), r.run());
          break;
        case Out.Disconnect:
          this.disconnect(r);
          break;
        case Out.Fetch:
          this.fetch(r);
          break;
        case Out.CancelFetch:
          this.cancel(r.uvarint());
          break;
        case Out.Deliver: {
          const number = r.uvarint();
          const s = { track: this.found.res.track, number, group: r.uvarint(), time: r.uvarint(), duration: r.uvarint(), flags: r.uvarint(), payload: r.run().slice() };
          this.later.push(() => client.deliver?.(s));
          break;
        }
        case Out.Kept: {
          const [number, group, payload] = [r.uvarint(), r.uvarint(), r.run().slice()];
          this.later.push(() => client.kept?.(number, group, payload));
          break;
        }
        case Out.Slice: {
          const [number, payload] = [r.uvarint(), r.run().slice()];
          this.later.push(() => client.slice?.(number, payload));
          break;
        }
        case Out.Refused: {
          const [number, reason] = [r.uvarint(), r.uvarint()];
          this.later.push(() => this.refused(number, reason));
          break;
        }
        case Out.State:
          this.state(r);
          break;
        case Out.Counts:
          this.count(r);
          break;
        default:
          this.playback(kind, r);
      }
    }
  }

  private playback(kind: number, r: Reader): void {
    const { client } = this;
    switch (kind) {
      case Out.Started:
        this.later.push(() => client.started?.());
        break;
      case Out.Stalled:
        this.later.push(() => client.stalled?.());
        break;
      case Out.Resumed: {
        const lasted = r.uvarint();
        this.later.push(() => client.resumed?.(lasted));
        break;
      }
      case Out.Ended:
        this.later.push(() => client.ended?.());
        break;
      case Out.Lost:
        this.later.push(() => client.lost?.());
        break;
      default:
        throw new Fault("internal", "the engine is of another version than the script");
    }
  }

  private state(r: Reader): void {
    const next = r.uvarint();
    this.wanted = r.varint();
    this.accepts = r.flag();
    this.position = r.uvarint();
    // A timer that comes too early finds out when the next is due: that is cheaper than to set it again with each message.
    const due = now() + Math.max(1, next);
    if (this.over || (this.due > now() && this.due <= due)) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = window.setTimeout(() => {
      this.due = 0;
      this.flush();
    }, Math.max(1, next));
  }

  private count(r: Reader): void {
    const n = r.uvarint();
    const counts = {} as Counts;
    for (let i = 0; i < n; i++) {
      const v = r.uvarint();
      const name = StatNames[i];
      if (name) counts[name] = v;
    }
    this.counts = counts;
  }

  private disconnect(r: Reader): void {
    const [link, bar, why] = [r.uvarint(), r.flag(), r.run()];
    if (bar) console.warn("superp2p: a peer is barred:", new TextDecoder().decode(why));
    this.links.disconnect(link, bar);
  }

  private fetch(r: Reader): void {
    const ask: Ask = {
      number: r.uvarint(), wait: r.uvarint(), copies: r.uvarint(), offset: r.uvarint(), head: r.uvarint(), size: r.uvarint(), group: r.uvarint(),
      start: r.uvarint(), total: r.uvarint(),
    };
    this.request(ask, false);
  }

  /** request asks for what the engine wants; of the server itself where the origin has shown to have other bytes. */
  private request(ask: Ask, server: boolean): void {
    const control = new AbortController();
    this.fetches.set(ask.number, control);
    const elsewhere = server ? undefined : this.client.fetch?.(ask, control.signal);
    const request = elsewhere ?? this.several.ask(ask, control.signal);
    const mine = (): boolean => !this.over && this.fetches.get(ask.number) === control && this.fetches.delete(ask.number);
    request.then(
      (got) => {
        if (!mine()) return;
        this.client.heard?.("");
        if ("proof" in got) this.proving.set(ask.number, ask);
        this.tell((w) => {
          if ("answer" in got) w.byte(In.Fetched).uvarint(ask.number).run(got.answer);
          else w.byte(In.Proved).uvarint(ask.number).run(got.proof).run(got.payload);
        });
      },
      (e: unknown) => {
        if (!mine()) return;
        const code = codeOf(e) || "internal";
        this.client.heard?.(code);
        this.tell((w) => w.byte(In.FetchFailed).uvarint(ask.number).uvarint(fetchError(code)));
      },
    );
  }

  /** refused: what the origin gave is not what was proved, so that the engine still waits. */
  private refused(number: number, reason: number): void {
    const ask = this.proving.get(number);
    if (ask && reason === Reason.Differs) this.request(ask, true);
    this.client.refused?.(number, reason);
  }

  private cancel(number: number): void {
    this.fetches.get(number)?.abort();
    this.proving.delete(number);
    this.fetches.delete(number);
  }

  private sweep(): void {
    const n = this.links.tend();
    if (n > 0) this.tracker?.askForPeers(n);
    if (++this.sweeps % 8 === 0) {
      try {
        this.engine.rest();
      } catch {
        // died is told of it
      }
    }
  }

  private died(why: Fault): void {
    if (this.over) return;
    this.end();
    this.client.dead(why);
  }

  private end(atOnce = false): void {
    this.over = true;
    clearTimeout(this.timer);
    clearInterval(this.sweeper);
    this.tracker?.close();
    this.tabs?.close();
    this.links.close(atOnce);
    for (const c of this.fetches.values()) c.abort();
    this.fetches.clear();
    try {
      this.handle.close();
    } catch {
      // it is dead
    }
  }
}

function hexOf(peer: string): string {
  return Array.from(peer, (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}
