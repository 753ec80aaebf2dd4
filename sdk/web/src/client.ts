/** What a session tells, and whom. */
import type { Ask, Got } from "./ask";
import type { Fault } from "./fault";
import type { LiveSlice } from "./flv";

/** Client is who plays a session. All but dead are optional. */
export interface Client {
  deliver?(s: LiveSlice & { time: number; duration: number }): void;
  kept?(number: number, group: number, payload: Uint8Array): void;
  slice?(number: number, payload: Uint8Array): void;
  started?(): void;
  stalled?(): void;
  resumed?(lasted: number): void;
  ended?(): void;
  lost?(): void;
  refused?(number: number, reason: number): void;
  /** fetch answers instead of the server. */
  fetch?(ask: Ask, signal: AbortSignal): Promise<Got>;
  /** heard is told how each request went: the code of its failure, or "". */
  heard?(code: string): void;
  /** dead: the engine trapped. The session is over. */
  dead(why: Fault): void;
}

/** Neighbour is a peer whose link is open. id is that at the tracker, as hex digits; bytes are of messages. */
export interface Neighbour {
  id: string;
  incoming: boolean;
  since: Date;
  received: number;
  sent: number;
}
