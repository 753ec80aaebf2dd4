/** The WebTorrent WebSocket tracker protocol (docs/tracker.md), with the manners of the native client. */
import { latin } from "./codec";

/** Offer is one invitation to any peer of the swarm. */
export interface Offer {
  id: string;
  sdp: string;
}

/** TrackerHandler is who wants peers. Identifiers are strings of 20 code points. */
export interface TrackerHandler {
  /** offers makes up to n offers; fewer or none say that no more peers are wanted. */
  offers(n: number): Promise<Offer[]>;
  /** offered brings a peer's offer; reply sends the answer. */
  offered(peer: string, sdp: string, reply: (sdp: string) => void): void;
  /** answered brings the answer to one of offers. */
  answered(peer: string, offer: string, sdp: string): void;
  /** swarmSize brings the number of peers, this one included, after each announce. */
  swarmSize(n: number): void;
}

interface Said {
  action?: unknown;
  info_hash?: unknown;
  peer_id?: unknown;
  offer_id?: unknown;
  offer?: { sdp?: unknown };
  answer?: { sdp?: unknown };
  complete?: unknown;
  incomplete?: unknown;
  interval?: unknown;
}

const maxOffers = 20;
const maxMessage = 60 << 10;
const askGap = 1_000;
const minBackoff = 1_000;
const maxBackoff = 60_000;
const connectTimeout = 10_000;

/** Tracker announces one peer to one tracker, until close. */
export class Tracker {
  private socket: WebSocket | undefined;
  private readonly hash: string;
  private interval = 120_000;
  private pause = minBackoff;
  private wanted = 0;
  private rested = true;
  private greeted = false;
  private size = 0;
  private first = true;
  private closed = false;
  private timer = 0; // of the next announce, or of connecting again
  private limit = 0; // of connecting
  private received = 0;
  private sent = 0;

  /** periodic is how many offers go with each announce that time brings; early how many with the first one of all. */
  constructor(
    private readonly url: string,
    hash: Uint8Array,
    private readonly peer: string,
    private readonly handler: TrackerHandler,
    private readonly periodic: number,
    private readonly early: number,
  ) {
    this.hash = latin(hash);
    this.connect();
  }

  /** stats are bytes of messages, and whether there is a connection. */
  get stats(): { connected: boolean; in: number; out: number; size: number } {
    return { connected: this.greeted, in: this.received, out: this.sent, size: this.size };
  }

  /** askForPeers announces soon with up to n offers. */
  askForPeers(n: number): void {
    this.wanted = Math.max(this.wanted, Math.min(n, maxOffers));
    this.askNow();
  }

  /** close leaves the swarm. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.limit);
    if (this.socket?.readyState === 1) this.announce([], "stopped");
    this.socket?.close();
  }

  private connect(): void {
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.url);
    } catch {
      return; // the page's policy forbids it, and will go on to
    }
    this.socket = socket;
    this.greeted = false;
    this.limit = window.setTimeout(() => socket.close(), connectTimeout);
    const early = this.first ? this.early : 0;
    const offers = early > 0 ? this.handler.offers(early) : undefined;
    this.first = false;
    socket.onopen = () => {
      clearTimeout(this.limit);
      this.announce([], "started");
      void offers?.then((list) => list.length && this.announce(list));
    };
    socket.onmessage = (e) => {
      if (typeof e.data === "string" && !this.closed) this.take(e.data, early);
    };
    socket.onclose = () => {
      clearTimeout(this.limit);
      if (this.closed || socket !== this.socket) return;
      clearTimeout(this.timer);
      if (this.greeted) this.pause = minBackoff; // the tracker works
      this.greeted = false;
      this.timer = window.setTimeout(() => this.connect(), (0.5 + Math.random()) * this.pause);
      this.pause = Math.min(2 * this.pause, maxBackoff);
    };
  }

  private take(text: string, early: number): void {
    this.received += text.length;
    let m: Said;
    try {
      m = JSON.parse(text) as Said;
    } catch {
      this.socket?.close();
      return;
    }
    if (typeof m !== "object" || m === null || m.info_hash !== this.hash || m.action === "scrape") return;
    if (typeof m.peer_id === "string" && typeof m.offer_id === "string" && m.peer_id !== this.peer && m.peer_id.length === 20) {
      const { peer_id: peer, offer_id: offer } = m;
      if (typeof m.offer?.sdp === "string") {
        this.handler.offered(peer, m.offer.sdp, (sdp) =>
          this.send({ to_peer_id: peer, offer_id: offer, answer: { type: "answer", sdp } }),
        );
      }
      if (typeof m.answer?.sdp === "string") this.handler.answered(peer, offer, m.answer.sdp);
    }
    if (typeof m.complete === "number" && typeof m.incomplete === "number") this.counted(m, early);
  }

  private counted(m: Said, early: number): void {
    this.size = Number(m.complete) + Number(m.incomplete);
    if (typeof m.interval === "number" && m.interval > 0) this.interval = 1000 * Math.min(3600, Math.max(5, m.interval));
    const welcome = !this.greeted;
    this.greeted = true;
    this.handler.swarmSize(this.size);
    if (!welcome) return;
    this.schedule();
    // Only now is it known whether there is anybody to offer to.
    const n = Math.min(this.periodic, this.size - 1) - early;
    if (n > 0) void this.announceOffers(n);
    else this.askNow();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.announceOffers(this.periodic), this.interval);
  }

  private askNow(): void {
    if (!this.rested || !this.greeted || this.closed || this.wanted < 1) return;
    const n = this.wanted;
    this.wanted = 0;
    void this.announceOffers(n);
  }

  private async announceOffers(n: number): Promise<void> {
    this.rested = false;
    const socket = this.socket;
    const offers = await this.handler.offers(n);
    if (this.closed || socket !== this.socket) return;
    this.announce(offers);
    this.schedule();
    setTimeout(() => {
      this.rested = true;
      this.askNow();
    }, askGap);
  }

  /** announce sends offers in as many messages as their size takes. */
  private announce(offers: Offer[], event?: string): void {
    let list: object[] = [];
    let size = 0;
    const flush = (): void => {
      this.send({ numwant: list.length, uploaded: 0, downloaded: 0, left: 1, ...(event ? { event } : {}), offers: list });
      list = [];
      size = 0;
      event = undefined;
    };
    for (const o of offers) {
      const long = JSON.stringify(o.sdp).length + 192;
      if (long > maxMessage) continue;
      if (size + long > maxMessage) flush();
      list.push({ offer: { type: "offer", sdp: o.sdp }, offer_id: o.id });
      size += long;
    }
    flush();
  }

  private send(fields: object): void {
    if (this.socket?.readyState !== 1) return;
    const text = JSON.stringify({ action: "announce", info_hash: this.hash, peer_id: this.peer, ...fields });
    this.sent += text.length;
    this.socket.send(text);
  }
}
