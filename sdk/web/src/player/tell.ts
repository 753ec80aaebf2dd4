/** Telling the application what happens: in order, and never out of a call that it made. */
import type { Fault } from "../fault";

/** Info is what a netStatus event says. */
export interface Info {
  code: string;
  level: "status" | "warning" | "error";
  /** What it is about: a URL, a time, a peer. */
  details: string;
  /** In one sentence, what happened and what to do. */
  description: string;
  /** Of a failure, the code of docs/errors.md. */
  error?: string;
  /** Of a peer's event, its PeerStream. */
  stream?: unknown;
}

/** NetStatusEvent is an event netStatus. */
export class NetStatusEvent extends Event {
  constructor(readonly info: Info) {
    super("netStatus");
  }
}

/** Tell hands events and calls on, one after the other. */
export class Tell {
  private queue: (() => void)[] = [];
  private running = false;

  constructor(private readonly target: EventTarget) {}

  event(code: string, level: Info["level"] = "status", details = "", description = "", more: Partial<Info> = {}): void {
    this.call(() => this.target.dispatchEvent(new NetStatusEvent({ code, level, details, description, ...more })));
  }

  /** last tells a failure. */
  last(code: string, details: string, why: Fault): void {
    this.event(code, "error", details, why.message, { error: why.code });
  }

  call(f: () => void): void {
    this.queue.push(f);
    if (this.running) return;
    this.running = true;
    queueMicrotask(() => this.run());
  }

  /** clear forgets what was not told yet. */
  clear(): void {
    this.queue = [];
  }

  private run(): void {
    for (let next = this.queue.shift(); next; next = this.queue.shift()) {
      try {
        next();
      } catch (why) {
        reportError(why);
      }
    }
    this.running = false;
  }
}
