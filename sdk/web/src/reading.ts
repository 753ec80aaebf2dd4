/** Reading slices of a file or complete playlist by their numbers, and waiting for those that are not here. */
import { now } from "./engine";
import { ended, Fault } from "./fault";
import type { Session } from "./session";

/** holdAfter is how long nothing may be read before the player counts as paused, in ms. */
const holdAfter = 5_000;

interface Waiter {
  number: number;
  most: number;
  eager: boolean;
  got: Uint8Array[];
  since: number;
  done: boolean;
  resolve: (list: Uint8Array[]) => void;
  reject: (e: unknown) => void;
}

/** Elsewhere is what a reader gets where the swarm does not give what it waits for. */
export const elsewhere = new Fault("internal", "the swarm does not give this");

/** Reading is who reads of a session. Its slice and kept are to be told what the session tells. */
export class Reading {
  private readonly waiting = new Set<Waiter>();
  private last = now();
  private held = false;

  /** since is when the read that waits longest began; Infinity if none does. */
  get since(): number {
    let oldest = Infinity;
    for (const w of this.waiting) oldest = Math.min(oldest, w.since);
    return oldest;
  }

  /** read returns the payloads of slice number and up to most in all, as far as they are here, and waits for the first. */
  read(session: Session, number: number, most: number, eager: boolean, signal?: AbortSignal): Promise<Uint8Array[]> {
    this.last = now();
    this.held = false;
    return new Promise((resolve, reject) => {
      const w: Waiter = { number, most, eager, got: [], since: now(), done: false, resolve, reject };
      if (signal) {
        const give = (): void => {
          this.waiting.delete(w);
          reject(ended(signal));
        };
        if (signal.aborted) {
          give();
          return;
        }
        signal.addEventListener("abort", give, { once: true });
        w.resolve = (list) => {
          signal.removeEventListener("abort", give);
          resolve(list);
        };
      }
      this.waiting.add(w);
      session.read(number, most, eager);
    });
  }

  /** slice takes a slice that answers a read. */
  slice(number: number, payload: Uint8Array): void {
    this.last = now();
    for (const w of this.waiting) {
      if (w.number + w.got.length !== number || w.got.length >= w.most) continue;
      w.got.push(payload);
      if (w.got.length > 1) continue;
      queueMicrotask(() => {
        // the rest of the answer has come
        this.waiting.delete(w);
        w.resolve(w.got);
      });
    }
  }

  /** kept asks for what somebody waits for and has come. */
  kept(session: Session, number: number): void {
    for (const w of this.waiting) {
      if (w.number === number && w.got.length === 0) {
        session.read(number, w.most, w.eager);
        return;
      }
    }
  }

  /** refuse sends who waits for slices from first to before end elsewhere, or away for a reason. */
  refuse(why: unknown, first = 0, end = Infinity): void {
    for (const w of this.waiting) {
      if (w.number < first || w.number >= end || w.got.length > 0) continue;
      this.waiting.delete(w);
      w.reject(why);
    }
  }

  /** sweep has the clock stand still of a player that takes nothing. */
  sweep(session: Session): void {
    if (this.held || this.waiting.size > 0 || now() - this.last < holdAfter) return;
    this.held = true;
    session.hold(true);
  }
}
