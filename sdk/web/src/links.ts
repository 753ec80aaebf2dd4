/**
 * The links of a session and how they come about: which offers are made and answered, and which of two is kept where both sides
 * offer. It decides as the native peer does (internal/peer/signalling.go).
 */
import { latin } from "./codec";
import { now } from "./engine";
import { Link } from "./rtc";
import type { LinkHandler } from "./rtc";
import type { Peer } from "./source";
import type { TabHandler } from "./tabs";
import type { Offer, TrackerHandler } from "./tracker";

const maxOffers = 20;
const maxAnswering = 24;
const offerLife = 50_000;
const answerTime = 4_000;
const idleOfferLife = 10_000;
const connectLife = 15_000;
const minAskPause = 2_000;
const maxAskPause = 64_000;
const maxBarred = 4096;
/** maxNear is how many other tabs are linked to before all others. */
const maxNear = 8;

/** Swarm is what the links need to know of the engine, and tell it. */
export interface Swarm {
  readonly wanted: number;
  readonly accepts: boolean;
  opened(number: number, peer: string): void;
  closed(number: number): void;
  message(number: number, data: ArrayBuffer): void;
  drained(number: number, waiting: number): void;
  size(n: number): void;
  /** failed says that no link can be made. */
  failed(why: unknown): void;
}

type State = "offered" | "connecting" | "open";

interface Known {
  link: Link | undefined; // while an answer is being made there is none
  state: State;
  ours: boolean;
  peer: string;
  offer: string;
  since: number;
  number: number;
  counted: number; // bytes that the engine takes for waiting
  received: number;
  sent: number;
}

/** Links are those of one session. */
export class Links implements TrackerHandler, TabHandler, LinkHandler {
  private readonly byLink = new Map<Link, Known>();
  private readonly byNumber = new Map<number, Known>();
  private readonly byOffer = new Map<string, Known>();
  private readonly byPeer = new Map<string, Known>();
  private readonly dirty = new Set<Known>();
  private readonly barred = new Set<string>();
  private readonly near = new Set<string>(); // tabs of this browser
  private making = 0; // offers
  private last = 0;
  private askPause = minAskPause / 2;
  private nextAsk = now() + minAskPause;
  private over = false;
  /** total is how many links ever opened. */
  total = 0;

  constructor(
    private readonly self: string,
    private readonly stun: string[],
    private readonly swarm: Swarm,
  ) {}

  /** peers are those linked to, in the order in which they came. */
  peers(): Peer[] {
    return [...this.byNumber.values()].map((k) => ({
      name: Array.from(k.peer.slice(12), (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join(""),
      received: k.received, sent: k.sent, linked: now() - k.since,
    }));
  }

  /** list lists the open links. */
  list(): { number: number; peer: string; ours: boolean; since: number; received: number; sent: number }[] {
    return [...this.byNumber.values()];
  }

  send(number: number, message: Uint8Array): void {
    const k = this.byNumber.get(number);
    if (!k?.link?.send(message)) return;
    k.counted += message.length;
    k.sent += message.length;
    this.dirty.add(k);
  }

  /** report tells the engine how much waits on the links that were sent on: a channel tells only when it falls to the low mark. */
  report(): void {
    for (const k of this.dirty) {
      const waiting = k.link?.waiting ?? 0;
      if (waiting < k.counted) this.swarm.drained(k.number, (k.counted = waiting));
      if (k.counted === 0 || this.byNumber.get(k.number) !== k) this.dirty.delete(k);
    }
  }

  /** disconnect closes a link that the engine has forgotten. */
  disconnect(number: number, bar: boolean): void {
    const k = this.byNumber.get(number);
    if (!k) return;
    this.remove(k);
    if (bar) {
      this.bar(k.peer);
      k.link?.close();
      return;
    }
    this.askSoon();
    k.link?.closeFlushed();
  }

  /** close ends all links when their last words are on their way, or at once. */
  close(atOnce: boolean): void {
    this.over = true;
    for (const k of [...this.byLink.values()]) {
      if (k.state === "open" && !atOnce) k.link?.closeFlushed();
      else k.link?.close();
    }
    for (const m of [this.byLink, this.byNumber, this.byOffer, this.byPeer]) m.clear();
    this.dirty.clear();
  }

  /** tend gives up what took too long, and returns with how many offers the tracker is to be asked for peers; 0: not now. */
  tend(): number {
    const t = now();
    const idle = this.swarm.wanted <= 0;
    for (const k of [...this.byOffer.values()]) {
      if (t - k.since > offerLife || (idle && t - k.since > idleOfferLife)) this.drop(k);
    }
    for (const k of [...this.byPeer.values()]) {
      if (k.state === "connecting" && t - k.since > connectLife) this.drop(k);
    }
    if (t < this.nextAsk) return 0;
    this.askPause = Math.min(Math.max(2 * this.askPause, minAskPause), maxAskPause);
    this.nextAsk = t + this.askPause;
    return Math.max(1, Math.min(this.useful(), maxOffers)); // even with none wanted it brings the swarm's size
  }

  // What the tracker tells.

  async offers(n: number): Promise<Offer[]> {
    n = Math.min(n, this.useful());
    if (n < 1) return [];
    this.making += n;
    const made = await Promise.all(Array.from({ length: n }, () => this.offer()));
    this.making -= n;
    return made.filter((o): o is Offer => o !== undefined);
  }

  async invite(peer: string): Promise<Offer | undefined> {
    if (this.over || this.barred.has(peer) || this.byPeer.get(peer)?.state === "open" || !this.isNear(peer)) return undefined;
    return this.offer();
  }

  offered(peer: string, sdp: string, reply: (sdp: string) => void, near = false): void {
    if (near) this.isNear(peer);
    let underWay = 0;
    for (const k of this.byPeer.values()) if (k.state === "connecting" && !k.ours) underWay++;
    if (this.over || this.barred.has(peer) || peer === this.self || this.byPeer.has(peer) || underWay >= maxAnswering) {
      return;
    }
    if (!this.swarm.accepts && !this.near.has(peer)) {
      return;
    }
    const k = this.known("connecting", peer);
    this.byPeer.set(peer, k);
    Link.answer(this.stun, sdp, this).then(
      (made) => {
        if (this.over || this.byPeer.get(peer) !== k) {
          made.link.close(); // lost a tie meanwhile
          return;
        }
        k.link = made.link;
        this.byLink.set(made.link, k);
        reply(made.sdp);
      },
      () => {
        if (this.byPeer.get(peer) === k) this.byPeer.delete(peer);
      },
    );
  }

  answered(peer: string, offer: string, sdp: string): void {
    const k = this.byOffer.get(offer);
    if (!k) return; // too late, or answered twice
    this.byOffer.delete(offer);
    const other = this.byPeer.get(peer);
    if (this.barred.has(peer) || peer === this.self || other?.state === "open" || other?.ours) {
      this.drop(k);
      return;
    }
    if (other) {
      // Each side has answered the other's offer. Both keep the one that the lower name made.
      if (this.self > peer) {
        this.drop(k);
        return;
      }
      this.drop(other);
    }
    Object.assign(k, { state: "connecting", peer, since: now() });
    this.byPeer.set(peer, k);
    k.link!.accept(sdp).catch(() => this.drop(k));
  }

  swarmSize(n: number): void {
    if (!this.over) this.swarm.size(n);
  }

  // What links tell.

  opened(l: Link): void {
    const k = this.byLink.get(l);
    if (!k || k.state !== "connecting") {
      l.close(); // given up meanwhile, or open without an answer
      return;
    }
    if (this.near.has(k.peer) && !this.swarm.accepts) this.makeRoom();
    k.state = "open";
    k.since = now();
    k.number = ++this.last;
    this.total++;
    this.byNumber.set(k.number, k);
    this.swarm.opened(k.number, k.peer);
  }

  message(l: Link, data: ArrayBuffer): void {
    const k = this.byLink.get(l);
    if (k?.state !== "open") return;
    k.received += data.byteLength;
    this.swarm.message(k.number, data);
  }

  drained(l: Link, waiting: number): void {
    const k = this.byLink.get(l);
    if (k?.state === "open") this.swarm.drained(k.number, (k.counted = waiting));
  }

  closed(l: Link, abuse: boolean): void {
    const k = this.byLink.get(l);
    if (!k) return;
    this.remove(k);
    if (k.state !== "open") return;
    if (abuse) this.bar(k.peer);
    this.askSoon();
    this.swarm.closed(k.number);
  }

  private async offer(): Promise<Offer | undefined> {
    try {
      const { link, sdp } = await Link.offer(this.stun, this);
      if (this.over) {
        link.close();
        return undefined;
      }
      const k = this.known("offered", "");
      k.ours = true;
      k.link = link;
      k.offer = latin(crypto.getRandomValues(new Uint8Array(20)));
      this.byLink.set(link, k);
      this.byOffer.set(k.offer, k);
      return { id: k.offer, sdp };
    } catch (e) {
      if (!this.over) this.swarm.failed(e);
      return undefined;
    }
  }

  /** isNear notes that a peer is a tab of this browser, and tells whether it is one of those that are linked to before others. */
  private isNear(peer: string): boolean {
    for (const p of this.near) if (this.near.size >= maxNear && !this.byPeer.has(p)) this.near.delete(p);
    if (this.near.size < maxNear) this.near.add(peer);
    return this.near.has(peer);
  }

  /** makeRoom gives up the newest link to another computer. */
  private makeRoom(): void {
    const k = [...this.byNumber.values()].reverse().find((other) => !this.near.has(other.peer));
    if (!k) return;
    this.remove(k);
    this.swarm.closed(k.number);
    k.link?.closeFlushed();
  }

  private known(state: State, peer: string): Known {
    return { link: undefined, state, ours: false, peer, offer: "", since: now(), number: 0, counted: 0, received: 0, sent: 0 };
  }

  /** useful is how many more offers could lead to a peer that is wanted. */
  private useful(): number {
    if (this.over) return 0;
    let fresh = this.making;
    let connecting = 0;
    for (const k of this.byOffer.values()) if (now() - k.since < answerTime) fresh++;
    for (const k of this.byPeer.values()) if (k.state === "connecting") connecting++;
    const n = Math.min(this.swarm.wanted - connecting, maxOffers) - fresh;
    return Math.min(n, 2 * maxOffers - this.byOffer.size);
  }

  private askSoon(): void {
    this.askPause = 0;
    this.nextAsk = Math.min(this.nextAsk, now() + minAskPause);
  }

  private bar(peer: string): void {
    if (this.barred.size < maxBarred) this.barred.add(peer);
  }

  private drop(k: Known): void {
    this.remove(k);
    k.link?.close();
  }

  private remove(k: Known): void {
    if (k.link) this.byLink.delete(k.link);
    this.byNumber.delete(k.number);
    this.byOffer.delete(k.offer);
    this.dirty.delete(k);
    if (this.byPeer.get(k.peer) === k) this.byPeer.delete(k.peer);
  }
}
