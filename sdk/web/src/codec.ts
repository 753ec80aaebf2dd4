/** The encoding of internal/page: uvarints and runs of bytes. Numbers stay below 2^53. */

/** Writer collects fields. */
export class Writer {
  private room = new Uint8Array(1024);
  length = 0;

  /** bytes are what was written, valid until the next write. */
  get bytes(): Uint8Array {
    return this.room.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
    if (this.room.length > 1 << 20) this.room = new Uint8Array(1024);
  }

  byte(b: number): this {
    this.fit(1);
    this.room[this.length++] = b;
    return this;
  }

  /** uvarint writes a whole number, 0 or more. */
  uvarint(v: number): this {
    this.fit(10);
    while (v >= 0x80) {
      this.room[this.length++] = (v % 0x80) | 0x80;
      v = Math.floor(v / 0x80);
    }
    this.room[this.length++] = v;
    return this;
  }

  /** varint writes a whole number that may be negative, as zigzag. */
  varint(v: number): this {
    return this.uvarint(v < 0 ? -2 * v - 1 : 2 * v);
  }

  flag(on: boolean): this {
    return this.byte(on ? 1 : 0);
  }

  /** raw writes bytes without their length. */
  raw(b: Uint8Array): this {
    this.fit(b.length);
    this.room.set(b, this.length);
    this.length += b.length;
    return this;
  }

  /** run writes bytes after their length. */
  run(b: Uint8Array): this {
    return this.uvarint(b.length).raw(b);
  }

  private fit(more: number): void {
    if (this.length + more <= this.room.length) return;
    const larger = new Uint8Array(Math.max(2 * this.room.length, this.length + more));
    larger.set(this.bytes);
    this.room = larger;
  }
}

/** Reader takes fields off the front of bytes. */
export class Reader {
  at = 0;
  constructor(readonly b: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.b.length;
  }

  byte(): number {
    const b = this.b[this.at++];
    if (b === undefined) throw new RangeError("the bytes end early");
    return b;
  }

  uvarint(): number {
    let v = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const b = this.byte();
      v += (b & 0x7f) * scale;
      if (v > Number.MAX_SAFE_INTEGER) throw new RangeError("a number is too large");
      if (b < 0x80) return v;
    }
  }

  varint(): number {
    const v = this.uvarint();
    return v % 2 ? -(v + 1) / 2 : v / 2;
  }

  flag(): boolean {
    return this.byte() !== 0;
  }

  /** run reads bytes after their length; they share the reader's. */
  run(): Uint8Array {
    return this.raw(this.uvarint());
  }

  /** raw reads n bytes; they share the reader's. */
  raw(n: number): Uint8Array {
    if (this.at + n > this.b.length) throw new RangeError("the bytes end early");
    return this.b.subarray(this.at, (this.at += n));
  }
}

/** hex reads hexadecimal digits; undefined if it is none or of another length. */
export function hex(text: string, bytes: number): Uint8Array | undefined {
  if (text.length !== 2 * bytes || !/^[0-9a-f]*$/i.test(text)) return undefined;
  return Uint8Array.from({ length: bytes }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** toHex writes bytes as hexadecimal digits. */
export function toHex(b: Uint8Array): string {
  return Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
}

/** latin writes bytes as a string of as many code points, as trackers want identifiers. */
export function latin(b: Uint8Array): string {
  return String.fromCharCode(...b);
}
