// Runs the engine outside a browser, with two sessions of which each gets half from the other, in virtual time:
// node soak.mjs wasm_exec.js core.wasm stream. It prints what came of it as JSON.
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

const [runtime, core, file] = process.argv.slice(2);
new Function(readFileSync(runtime, "utf8"))();
const go = new globalThis.Go();
const { instance } = await WebAssembly.instantiate(readFileSync(core), go.importObject);
go.run(instance);
const { mem, superp2p_buffer, superp2p_open, superp2p_run, superp2p_output, superp2p_close } = instance.exports;

// What the Go test wrote: when it begins, how long a slice lasts, two configurations, then frames; each after its length.
const stream = readFileSync(file);
let at = 16;
const next = () => {
  const n = stream.readUInt32BE(at);
  at += 4 + n;
  return stream.subarray(at - n, at);
};
const [begin, each] = [Number(stream.readBigUInt64BE(0)), Number(stream.readBigUInt64BE(8))];
const configs = [next(), next()];
const frames = [];
while (at < stream.length) frames.push(next());
const first = 80; // cut before it begins

function uvarint(out, v) {
  for (; v >= 128; v = Math.floor(v / 128)) out.push((v % 128) | 128);
  out.push(v);
}
const put = (b) => {
  const p = superp2p_buffer(b.length);
  new Uint8Array(mem.buffer, p, b.length).set(b);
  return b.length;
};
const sessions = configs.map((c) => ({ handle: superp2p_open(put(c), begin), queue: [], delivered: 0, bytes: 0, fetched: 0, sent: 0 }));
if (sessions.some((s) => s.handle === 0)) throw new Error("the configuration is refused");
const tell = (s, head, body) => s.queue.push(Buffer.concat(body ? [Buffer.from(head), body] : [Buffer.from(head)]));
sessions.forEach((s, i) => tell(s, [2, 1, ...Array(19).fill(0), 2 - i])); // LinkOpened

let now = begin;
function run(s, other) {
  const input = Buffer.concat([...s.queue.splice(0), Buffer.from([1])]);
  const n = superp2p_run(s.handle, put(input), now);
  if (n < 0) throw new Error("the inputs are refused");
  const out = Buffer.from(mem.buffer, superp2p_output(), n);
  let p = 0;
  const number = () => {
    let v = 0;
    for (let scale = 1; ; scale *= 128) {
      const b = out[p++];
      v += (b & 127) * scale;
      if (b < 128) return v;
    }
  };
  const bytes = () => {
    const k = number();
    return out.subarray((p += k) - k, p);
  };
  while (p < n) {
    switch (out[p++]) {
      case 1: { // Send
        number();
        const m = bytes();
        s.sent += m.length;
        const head = [4, 1];
        uvarint(head, m.length);
        tell(other, head, Buffer.from(m));
        break;
      }
      case 2: throw new Error("a link is closed: " + [number(), number(), bytes()]);
      case 3: { // Fetch
        const [k, , copies] = [number(), number(), number(), number(), number(), number(), number(), number(), number()];
        const cut = begin + (k - first + 1) * each <= now;
        const mine = s === sessions[0] || copies === 0; // the server gives copies that are to be few to the first one only
        const head = [cut && mine ? 6 : 7];
        uvarint(head, k);
        if (cut && mine) {
          s.fetched++;
          uvarint(head, frames[k].length);
          tell(s, head, frames[k]);
        } else {
          head.push(mine ? 1 : 5);
          tell(s, head);
        }
        break;
      }
      case 4: number(); break;
      case 5: { // Deliver
        for (let i = 0; i < 5; i++) number();
        s.bytes += bytes().length;
        s.delivered++;
        break;
      }
      case 8: number(); break;
      case 13: for (let i = 0; i < 4; i++) number(); break;
      case 6: case 7: case 9: case 10: break;
      default: throw new Error("an unknown output");
    }
  }
  tell(s, [5, 1, 0]); // Drained
}

const memory = [];
const from = performance.now();
const end = begin + (frames.length - first - 8) * each;
for (let turns = 0; now < end; now += 10, turns++) {
  run(sessions[0], sessions[1]);
  run(sessions[1], sessions[0]);
  if (turns % 100 === 0) {
    go._resume();
    memory.push(mem.buffer.byteLength);
    await new Promise(setImmediate);
  }
}
const cpu = performance.now() - from;
for (const s of sessions) superp2p_close(s.handle);
console.log(JSON.stringify({
  delivered: sessions.map((s) => s.delivered), bytes: sessions.map((s) => s.bytes), fetched: sessions.map((s) => s.fetched),
  half: memory[memory.length >> 1], memory: memory.at(-1), share: cpu / (end - begin) / 2, refs: go._values.length,
}));
process.exit(0);
