/**
 * The engine: internal/page as WebAssembly. One Engine serves all streams of a page, each by a handle. It is called and
 * returns; nothing of it runs by itself. When it traps, all its handles are dead and their owners are told, once.
 */
import { Reader, Writer } from "./codec";
import { asFault, Fault } from "./fault";
import { newGo } from "wasm_exec";
import type { Go } from "wasm_exec";

interface Exports {
  readonly mem: WebAssembly.Memory;
  /** memory is what TinyGo calls mem. */
  readonly memory?: WebAssembly.Memory;
  superp2p_buffer(size: number): number;
  superp2p_open(size: number, now: number): number;
  superp2p_run(handle: number, size: number, now: number): number;
  superp2p_output(): number;
  superp2p_close(handle: number): void;
}

/** now is the time in Unix milliseconds, by a clock that goes on evenly whatever is done to the system's. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Engine calls the WebAssembly. load makes one. */
export class Engine {
  private readonly dead: ((why: Fault) => void)[] = [];
  private failed: Fault | undefined;
  /** again loads the one that takes over when this one is dead. */
  again: (() => Promise<Engine>) | undefined;
  private said = "";

  private constructor(
    private readonly go: Go,
    private readonly exports: Exports,
  ) {}

  /** load fetches and starts the engine. It throws a Fault where WebAssembly or the file is not to be had. */
  static async load(url: string): Promise<Engine> {
    if (typeof WebAssembly !== "object") throw new Fault("not_supported", "this browser has no WebAssembly");
    try {
      const state: { engine?: Engine } = {};
      const go = newGo((text) => {
        if (state.engine) state.engine.said = (state.engine.said + text).slice(0, 2000);
      });
      const answer = await fetch(url, { credentials: "omit" });
      if (!answer.ok) throw new Fault("server_invalid", `the engine ${url} is answered with status ${answer.status}`);
      const streams = answer.headers.get("Content-Type") === "application/wasm" && "instantiateStreaming" in WebAssembly;
      const { instance } = streams
        ? await WebAssembly.instantiateStreaming(answer, go.importObject)
        : await WebAssembly.instantiate(await answer.arrayBuffer(), go.importObject);
      const exports = instance.exports as unknown as Exports;
      const engine = (state.engine = new Engine(go, exports.memory ? { ...exports, mem: exports.memory } : exports));
      go.exit = () => engine.fail(new Fault("internal", "the engine stopped: " + engine.said));
      void go.run(instance);
      return engine;
    } catch (e) {
      throw asFault(e, "server_unreachable");
    }
  }

  /** whenDead has f called when the engine traps. */
  whenDead(f: (why: Fault) => void): void {
    this.dead.push(f);
  }

  /** handle opens a session of what config says (page.Open), at a time. onDead is called when the engine traps. */
  handle(config: Uint8Array, onDead: (why: Fault) => void, at = now()): Handle {
    const h = this.call(() => this.exports.superp2p_open(this.put(config), at));
    if (!h) throw this.failed ?? new Fault("internal", "the engine refuses what is to be played");
    this.dead.push(onDead);
    return new Handle(this, h, onDead);
  }

  /** run has a session take inputs in, and returns the outputs, valid until the next call of any session. */
  run(handle: number, inputs: Uint8Array, at: number): Uint8Array {
    const size = this.call(() => this.exports.superp2p_run(handle, this.put(inputs), at));
    if (size < 0) throw new Fault("internal", "the engine refuses what it is told");
    return new Uint8Array(this.exports.mem.buffer, this.exports.superp2p_output(), size);
  }

  close(handle: number, onDead: (why: Fault) => void): void {
    const i = this.dead.indexOf(onDead);
    if (i >= 0) this.dead.splice(i, 1);
    if (!this.failed) this.call(() => (this.exports.superp2p_close(handle), 1));
  }

  /** rest lets the runtime do what it has put off, such as sweeping its heap: it has no thread for that. */
  rest(): void {
    if (!this.failed) this.call(() => (this.go._resume(), 1));
  }

  /** memory is how large the engine's memory is, in bytes. */
  get memory(): number {
    return this.exports.mem.buffer.byteLength;
  }

  /** kill has the engine count as trapped: for tests of what follows. */
  kill(): void {
    this.fail(new Fault("internal", "the engine was ended"));
  }

  private put(b: Uint8Array): number {
    const at = this.exports.superp2p_buffer(b.length);
    if (!at) throw new Fault("internal", "too much at once for the engine");
    new Uint8Array(this.exports.mem.buffer, at, b.length).set(b);
    return b.length;
  }

  private call(f: () => number): number {
    if (this.failed) throw this.failed;
    try {
      const result = f();
      if (!this.failed) return result;
    } catch (e) {
      if (!this.failed && e instanceof Fault) throw e;
      this.fail(new Fault("internal", "the engine stopped: " + (this.said || String(e)), e));
    }
    throw this.failed!;
  }

  private fail(why: Fault): void {
    if (this.failed) return;
    this.failed = why;
    for (const tell of this.dead.splice(0)) queueMicrotask(() => tell(why));
  }
}

/** Handle is one session of an engine. */
export class Handle {
  private shut = false;
  constructor(
    readonly engine: Engine,
    private readonly number: number,
    private readonly onDead: (why: Fault) => void,
  ) {}

  /** run takes what w holds, clears it and returns a reader of the outputs, valid until the next call. */
  run(w: Writer, at = now()): Reader {
    const out = this.engine.run(this.number, w.bytes, at);
    w.clear();
    return new Reader(out);
  }

  close(): void {
    if (this.shut) return;
    this.shut = true;
    this.engine.close(this.number, this.onDead);
  }
}
