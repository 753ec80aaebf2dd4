/**
 * Converter is flv.wasm (sdk/web/flash): it makes FLV for Flash players of Sources. One serves all views of a page. It asks for what it
 * reads and gives what it makes; bytes go through its memory.
 */
import type { Fault } from "../fault";
import type { Kit } from "../urls/kit";
import { newGo } from "wasm_exec";
import type { Go } from "wasm_exec";

interface Exports {
  readonly mem: WebAssembly.Memory;
  superp2p_buffer(size: number): number;
  superp2p_answer(request: number, size: number, failed: number): void;
  superp2p_open(size: number): number;
  superp2p_more(view: number): void;
  superp2p_state(view: number): number;
  superp2p_end(view: number): void;
  superp2p_forget(view: number): void;
  superp2p_over(source: number, size: number): void;
  superp2p_drop(source: number): void;
  superp2p_choose(size: number): number;
  superp2p_output(): number;
}

/** Question is what it asks of a source (question in sdk/web/flash). */
export interface Question {
  source: number;
  what: "read" | "bytes" | "list" | "segment";
  url?: string;
  offset: number;
  length: number;
  soon: boolean;
}

/** Taker takes what a view makes. */
export interface Taker {
  /** give takes FLV, and tells whether that is enough for now. */
  give(flv: Uint8Array): boolean;
  /** head is told that the view has begun, ended that nothing more comes; the state says why. */
  head(): void;
  ended(): void;
}

const toldHead = 1;

export class Converter {
  private readonly takers = new Map<number, Taker>();
  private readonly sources = new Map<number, (q: Question) => Promise<Uint8Array>>();
  private go!: Go;
  private exports!: Exports;
  private numbers = 0;
  private said = "";
  /** failed is why it is of no use any more. */
  failed: Fault | undefined;

  private constructor(private readonly kit: Kit) {}

  /** load fetches and starts it. */
  static async load(kit: Kit, url: string): Promise<Converter> {
    const c = new Converter(kit);
    const go = (c.go = newGo((text) => (c.said = (c.said + text).slice(0, 2000))));
    const imports = {
      ...go.importObject,
      superp2p: {
        ask: (request: number, at: number, size: number) => void c.answer(request, c.bytes(at, size).slice()),
        give: (view: number, at: number, size: number) => (c.takers.get(view)?.give(c.bytes(at, size).slice()) ? 1 : 0),
        tell: (view: number, what: number) => {
          const taker = c.takers.get(view);
          if (what === toldHead) taker?.head();
          else taker?.ended();
        },
      },
    };
    const answer = await fetch(url, { credentials: "omit" });
    if (!answer.ok) throw new kit.Fault("server_invalid", `${url} is answered with status ${answer.status}`);
    const streams = answer.headers.get("Content-Type") === "application/wasm" && "instantiateStreaming" in WebAssembly;
    const { instance } = streams
      ? await WebAssembly.instantiateStreaming(answer, imports)
      : await WebAssembly.instantiate(await answer.arrayBuffer(), imports);
    c.exports = instance.exports as unknown as Exports;
    go.exit = () => c.fail("it stopped");
    void go.run(instance);
    return c;
  }

  /** add has it read a source by what answers its questions, and returns its number. */
  add(answer: (q: Question) => Promise<Uint8Array>): number {
    this.sources.set(++this.numbers, answer);
    return this.numbers;
  }

  /** over says that a source is over, and why if that is a failure. */
  over(source: number, why?: Fault): void {
    this.call((e) => e.superp2p_over(source, why ? this.put(encoded(why)) : 0));
  }

  drop(source: number): void {
    this.sources.delete(source);
    this.call((e) => e.superp2p_drop(source));
  }

  /** open begins a view, and returns its number. It tells its taker nothing before open has returned. */
  open(wish: object, taker: Taker): number {
    const n = this.call((e) => e.superp2p_open(this.put(new TextEncoder().encode(JSON.stringify(wish)))));
    if (!n) throw this.failed ?? new this.kit.Fault("internal", "what makes FLV does not know what is to be played");
    this.takers.set(n, taker);
    return n;
  }

  more(view: number): void {
    this.call((e) => e.superp2p_more(view));
  }

  /** state returns how a view is (viewing.State), as JSON. */
  state(view: number): string {
    return this.failed ? "" : this.output((e) => e.superp2p_state(view));
  }

  end(view: number): void {
    this.call((e) => e.superp2p_end(view));
  }

  forget(view: number): void {
    this.takers.delete(view);
    this.call((e) => e.superp2p_forget(view));
  }

  /** choose returns which variant of a master playlist Flash players can play. */
  choose(url: string, text: string): { url: string; audio: string } {
    const answer = this.output((e) => e.superp2p_choose(this.put(new TextEncoder().encode(`${url}\n${text}`))));
    const { url: chosen, audio = "", code, message, event } = JSON.parse(answer || "{}") as Record<string, string>;
    if (!chosen) throw Object.assign(new this.kit.Fault(code ?? "internal", message ?? "it cannot be read"), { event });
    return { url: chosen, audio };
  }

  private async answer(request: number, question: Uint8Array): Promise<void> {
    let bytes: Uint8Array;
    let failed = 0;
    try {
      const q = JSON.parse(new TextDecoder().decode(question)) as Question;
      const ask = this.sources.get(q.source);
      if (!ask) throw new this.kit.Fault("closed", "it was closed");
      bytes = await ask(q);
    } catch (why) {
      bytes = encoded(why);
      failed = 1;
    }
    await undefined; // never while it asks
    this.call((e) => e.superp2p_answer(request, this.put(bytes), failed));
  }

  private bytes(at: number, size: number): Uint8Array {
    return new Uint8Array(this.exports.mem.buffer, at, size);
  }

  private put(b: Uint8Array): number {
    const at = this.exports.superp2p_buffer(b.length);
    if (!at) throw new this.kit.Fault("limit_reached", "a segment is larger than can be made FLV of");
    this.bytes(at, b.length).set(b);
    return b.length;
  }

  private output(f: (e: Exports) => number): string {
    const size = this.call(f) ?? 0;
    return size && !this.failed ? new TextDecoder().decode(this.bytes(this.exports.superp2p_output(), size)) : "";
  }

  /** call calls it, and has what that woke run. */
  private call<T>(f: (e: Exports) => T): T | undefined {
    if (this.failed) return undefined;
    try {
      const result = f(this.exports);
      queueMicrotask(() => this.resume());
      return result;
    } catch (why) {
      this.fail(String(why));
      return undefined;
    }
  }

  private resume(): void {
    if (this.failed) return;
    try {
      this.go._resume();
    } catch (why) {
      this.fail(String(why));
    }
  }

  private fail(why: string): void {
    if (this.failed) return;
    this.failed = new this.kit.Fault("internal", "what makes FLV in this page stopped: " + (this.said || why));
    for (const t of [...this.takers.values()]) queueMicrotask(() => t.ended());
    this.takers.clear();
  }
}

/** encoded writes a failure (failure in sdk/web/flash). */
function encoded(why: unknown): Uint8Array {
  const { code, message } = (why ?? {}) as { code?: unknown; message?: unknown };
  return new TextEncoder().encode(
    JSON.stringify({ code: typeof code === "string" ? code : "source_unreachable", message: String(message ?? why) }),
  );
}
