/** Where the slices of a live playlist come from: proofs from the server, bytes from the viewer's own URL if it can be read. */
import type { Found } from "./answers";
import type { Edge } from "./edge";
import { codeOf, Fault } from "./fault";
import { parseProof, readRange } from "./origin";
import type { Proof } from "./origin";
import type { Listed } from "./playlist";
import { isSegment } from "./segments";
import type { Head } from "./segments";
import { askServer } from "./ask";
import type { Ask, Got } from "./ask";

/** readTimeout is how long an origin may take for a slice, in ms. */
const readTimeout = 2_000;
const maxHeads = 64;
const maxFailed = 3;
const maxOthers = 3;

/** LiveOrigin answers what the engine asks of one track. */
export class LiveOrigin {
  /** bytes that came from the origin. */
  bytes = 0;
  private readonly heads = new Map<number, Head>();
  private failed = 0;
  private others = 0;
  private away: boolean;

  /** find returns what the viewer's own playlist lists under a number; without it the origin is not asked. */
  constructor(
    private readonly edge: Edge,
    private readonly found: Found,
    private readonly find: ((sequence: number) => Promise<Listed | undefined>) | undefined,
  ) {
    this.away = !find;
  }

  /** learn takes note of what a group's first slice says. */
  learn(group: number, head: Head): void {
    this.heads.set(group, head);
    for (const old of this.heads.keys()) {
      if (this.heads.size <= maxHeads) break;
      this.heads.delete(old);
    }
  }

  /** differ takes note that a slice's bytes are others than those proved. */
  differ(_number: number): void {
    this.away ||= ++this.others >= maxOthers;
  }

  /** fetch is Client.fetch. */
  async fetch(ask: Ask, signal: AbortSignal): Promise<Got> {
    if (this.away) return askServer(this.edge, this.found, ask, signal);
    const { res } = this.found;
    let bytes: Uint8Array = new Uint8Array(0);
    let proof: Proof = { bytes, size: ask.size, start: 0, total: ask.size, group: ask.group };
    if (ask.head === 0) {
      const url = this.edge.slice(res.playlist!.proofs!, res, ask.number, ask);
      bytes = await this.edge.bytes(url, signal, 5_000 + ask.wait);
      const parsed = parseProof(bytes, ask.number);
      if (!parsed) throw new Fault("server_invalid", "the server sent something else than the proof asked for");
      if (parsed.group === ask.number) return { answer: bytes }; // the first of a segment, which no origin has
      proof = parsed;
    }
    try {
      const payload = await this.read(ask, proof, signal);
      this.failed = this.others = 0;
      this.bytes += payload.length;
      return { proof: bytes, payload };
    } catch (e) {
      if (signal.aborted) throw e;
      if (codeOf(e) !== "slice_not_yet") this.away ||= ++this.failed >= maxFailed;
      return askServer(this.edge, this.found, { ...ask, wait: 0, copies: 0 }, signal); // the server has counted this copy already
    }
  }

  private async read(ask: Ask, proof: Proof, signal: AbortSignal): Promise<Uint8Array> {
    const head = this.heads.get(proof.group);
    if (!head?.slice) throw new Fault("slice_not_yet", "it is not known yet where the segment is");
    const s = await this.find!(head.sequence);
    if (!s) throw new Fault("slice_not_yet", "the viewer's own playlist does not list the segment yet");
    if (!isSegment(head, s)) throw new Fault("source_changed", "the viewer's own playlist has another segment than the server saw");
    const offset = s.range.offset + (ask.number - proof.group - 1) * head.slice + ask.offset;
    return readRange({ url: s.url, offset, size: proof.size - ask.offset }, signal, readTimeout);
  }
}
