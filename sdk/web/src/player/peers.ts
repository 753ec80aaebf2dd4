/** The neighbours of what is played: NetStream.peerStreams, onPeerConnect and the events Connect.*. */
import type { Play } from "./play";
import type { Tell } from "./tell";

const lookEvery = 250;

/** PeerStream is the stream of a neighbour. */
export interface PeerStream {
  /** Its id at the tracker, 40 hexadecimal digits; another for each play. */
  farID: string;
  /** Whether it has called, not we. */
  incoming: boolean;
  /** When its connection was open. */
  since: Date;
  bytesReceived: number;
  bytesSent: number;
}

/** Peers watches those of the current play. */
export class Peers {
  private known = new Map<string, PeerStream>();
  private play: Play | undefined;
  private timer = 0;

  constructor(private readonly tell: Tell, private readonly asked: () => ((s: PeerStream) => boolean | void) | null) {}

  /** watch watches another play, or none. Those of the one before end without a word. */
  watch(play: Play | undefined): void {
    clearInterval(this.timer);
    this.known.clear();
    this.play = play;
    if (play) this.timer = window.setInterval(() => this.look(), lookEvery);
  }

  list(): PeerStream[] {
    this.look();
    return [...this.known.values()].sort((a, b) => a.since.getTime() - b.since.getTime());
  }

  private look(): void {
    const source = this.play?.source;
    if (!source || this.play?.isOver) return;
    const now = new Map<string, PeerStream>();
    for (const n of source.neighbours()) {
      const stream: PeerStream = { farID: n.id, incoming: n.incoming, since: n.since, bytesReceived: n.received, bytesSent: n.sent };
      if (!this.known.has(n.id)) {
        if (this.refuses(stream)) {
          source.refuse(n.id);
          this.tell.event("NetStream.Connect.Rejected", "error", n.id, "this peer was refused by onPeerConnect", { stream });
          continue;
        }
        this.tell.event("NetStream.Connect.Success", "status", n.id, "", { stream });
      }
      now.set(n.id, stream);
    }
    for (const [id, stream] of this.known) {
      if (!now.has(id)) this.tell.event("NetStream.Connect.Closed", "status", id, "", { stream });
    }
    this.known = now;
  }

  private refuses(stream: PeerStream): boolean {
    try {
      return this.asked()?.(stream) === false;
    } catch (why) {
      reportError(why);
      return false;
    }
  }
}
