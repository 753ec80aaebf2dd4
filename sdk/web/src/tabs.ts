/**
 * Tabs of one browser that show pages of one site find each other by a BroadcastChannel, whatever the tracker brings: who comes calls,
 * and who is there answers with an offer. What a tab has then comes to the others without leaving the computer.
 */
import type { Offer } from "./tracker";

/** TabHandler makes the links. Identifiers are those of the tracker. */
export interface TabHandler {
  /** invite makes an offer to another tab, if it is to be linked to. */
  invite(peer: string): Promise<Offer | undefined>;
  offered(peer: string, sdp: string, reply: (sdp: string) => void, near: boolean): void;
  answered(peer: string, offer: string, sdp: string): void;
}

interface Said {
  from: string;
  to?: string;
  offer?: Offer;
  answer?: Offer;
}

/** Tabs links a tab to the others that play the same, until close. */
export class Tabs {
  private readonly channel: BroadcastChannel | undefined;

  constructor(
    swarm: string,
    private readonly self: string,
    private readonly handler: TabHandler,
  ) {
    if (typeof BroadcastChannel !== "function") return;
    this.channel = new BroadcastChannel("superp2p " + swarm);
    this.channel.onmessage = (e) => this.take(e.data as Said);
    this.say({});
  }

  close(): void {
    this.channel?.close();
  }

  private say(said: Omit<Said, "from">): void {
    try {
      this.channel?.postMessage({ from: this.self, ...said });
    } catch {
      // closed meanwhile
    }
  }

  private take({ from, to, offer, answer }: Said): void {
    const { handler } = this;
    if (to && to !== this.self) return;
    if (offer) handler.offered(from, offer.sdp, (sdp) => this.say({ to: from, answer: { id: offer.id, sdp } }), true);
    else if (answer) handler.answered(from, answer.id, answer.sdp);
    else if (!to) void handler.invite(from).then((made) => made && this.say({ to: from, offer: made }));
  }
}
