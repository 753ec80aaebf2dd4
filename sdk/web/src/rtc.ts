/**
 * Links to peers: one WebRTC data channel named "superp2p" on a connection of its own, ordered and reliable, signalled by whole
 * session descriptions without trickle, as internal/peer/webrtclink does it natively. Messages are bytes here.
 */

const label = "superp2p";
/** maxMessage is the largest message in bytes; a peer that sends a larger one is cut off. */
const maxMessage = 48 << 10;
/** lowWater is the amount that waits, in bytes, at which drained is told (swarm.LowWater). */
const lowWater = 2 << 10;
/** gatherTimeout is how long an offer or answer waits for STUN servers, in ms. */
const gatherTimeout = 1_000;
/** silence is how long a connection may be interrupted before it counts as lost, in ms. */
const silence = 8_000;

/** LinkHandler is told what happens on a link. */
export interface LinkHandler {
  opened(l: Link): void;
  message(l: Link, data: ArrayBuffer): void;
  drained(l: Link, waiting: number): void;
  /** closed comes once, unless close was called here; abuse says that the peer broke a limit. */
  closed(l: Link, abuse: boolean): void;
}

/** available tells whether this browser, as it is set up, has WebRTC at all. */
export function available(): boolean {
  return typeof RTCPeerConnection === "function";
}

/** Link is one way to a peer. */
export class Link {
  private channel: RTCDataChannel | undefined;
  private over = false;
  private timer = 0;

  private constructor(
    private readonly pc: RTCPeerConnection,
    private readonly handler: LinkHandler,
  ) {
    pc.onconnectionstatechange = () => {
      clearTimeout(this.timer);
      switch (pc.connectionState) {
        case "failed":
        case "closed":
          this.end(false);
          break;
        case "disconnected":
          this.timer = window.setTimeout(() => this.end(false), silence);
          break;
        default:
      }
    };
  }

  /** offer starts a link and returns it with the description that invites a peer to it. */
  static async offer(stun: string[], handler: LinkHandler): Promise<{ link: Link; sdp: string }> {
    const link = new Link(connection(stun), handler);
    try {
      link.use(link.pc.createDataChannel(label));
      link.pc.ondatachannel = (e) => e.channel.close();
      await link.pc.setLocalDescription(await link.pc.createOffer());
      return { link, sdp: await link.described() };
    } catch (e) {
      link.close();
      throw e;
    }
  }

  /** answer starts a link by accepting a peer's offer. */
  static async answer(stun: string[], sdp: string, handler: LinkHandler): Promise<{ link: Link; sdp: string }> {
    checkSDP(sdp);
    const link = new Link(connection(stun), handler);
    try {
      link.pc.ondatachannel = (e) => {
        if (!link.channel && e.channel.label === label) link.use(e.channel);
        else e.channel.close(); // a branch: this page plays no other track with that peer
      };
      await link.pc.setRemoteDescription({ type: "offer", sdp });
      await link.pc.setLocalDescription(await link.pc.createAnswer());
      return { link, sdp: await link.described() };
    } catch (e) {
      link.close();
      throw e;
    }
  }

  /** accept takes the peer's answer to an offer. */
  async accept(sdp: string): Promise<void> {
    checkSDP(sdp);
    await this.pc.setRemoteDescription({ type: "answer", sdp });
  }

  /** send queues a message, which it copies. False: the link is not open, or does not take more. */
  send(message: Uint8Array): boolean {
    if (this.channel?.readyState !== "open") return false;
    try {
      this.channel.send(message as Uint8Array<ArrayBuffer>);
      return true;
    } catch {
      this.end(false); // more waits than the browser holds
      return false;
    }
  }

  /** waiting is how many bytes wait to be sent. */
  get waiting(): number {
    return this.channel?.bufferedAmount ?? 0;
  }

  /** close ends the link at once. */
  close(): void {
    this.over = true;
    clearTimeout(this.timer);
    if (this.channel) this.channel.onopen = this.channel.onmessage = this.channel.onclose = this.channel.onbufferedamountlow = null;
    this.pc.onconnectionstatechange = this.pc.ondatachannel = this.pc.onicegatheringstatechange = null;
    this.pc.close();
  }

  /** closeFlushed ends it when what was sent is on its way, or after 300 ms. */
  closeFlushed(): void {
    if (this.over) return;
    this.over = true;
    if (this.channel) {
      this.channel.onmessage = this.channel.onclose = null;
      this.channel.bufferedAmountLowThreshold = 0;
    }
    // What has left the queue is with the network a moment later.
    const soon = (): number => window.setTimeout(() => this.close(), 50);
    if (this.waiting === 0 || !this.channel) {
      soon();
      return;
    }
    this.channel.onbufferedamountlow = soon;
    this.timer = window.setTimeout(() => this.close(), 300);
  }

  private use(channel: RTCDataChannel): void {
    this.channel = channel;
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = lowWater;
    channel.onopen = () => {
      if (!this.over) this.handler.opened(this);
    };
    channel.onmessage = (e) => {
      if (this.over) return;
      if (!(e.data instanceof ArrayBuffer) || e.data.byteLength > maxMessage) this.end(true);
      else this.handler.message(this, e.data);
    };
    channel.onbufferedamountlow = () => {
      if (!this.over) this.handler.drained(this, channel.bufferedAmount);
    };
    channel.onclose = () => this.end(false);
  }

  private end(abuse: boolean): void {
    if (this.over) return;
    this.close();
    this.handler.closed(this, abuse);
  }

  /** described waits for the link's own candidates, because they cannot follow later. */
  private described(): Promise<string> {
    const { pc } = this;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        pc.onicegatheringstatechange = null;
        if (pc.localDescription && !this.over) resolve(pc.localDescription.sdp);
        else reject(new Error("the link was closed"));
      };
      const timer = setTimeout(done, gatherTimeout);
      pc.onicegatheringstatechange = () => {
        if (pc.iceGatheringState === "complete") done();
      };
      if (pc.iceGatheringState === "complete") done();
    });
  }
}

function connection(stun: string[]): RTCPeerConnection {
  return new RTCPeerConnection({ iceServers: stun.length ? [{ urls: stun }] : [] });
}

/** checkSDP refuses descriptions that cannot be for a link, before the browser spends anything on them. */
export function checkSDP(sdp: string): void {
  const lines = sdp.split("\n", 300);
  const count = (start: string): number => lines.filter((l) => l.startsWith(start)).length;
  if (
    sdp.length > 16 << 10 || !sdp.startsWith("v=0") || lines.length > 256 || count("m=") !== 1 || count("m=application ") !== 1 ||
    count("a=fingerprint:") === 0 || count("a=candidate:") > 64
  ) {
    throw new Error("the peer's session description cannot be for a link");
  }
}
