/** AMF0, in which FLV carries script data. Damaged data is read as far as it goes. */

const maxDepth = 16;
const maxValues = 65_536;

/** parseScript returns the values of a script tag: the name of a handler, then its arguments. */
export function parseScript(body: Uint8Array): unknown[] {
  const reader = new AMF(body);
  const out: unknown[] = [];
  try {
    while (reader.more) out.push(reader.value(0));
  } catch {
    // what is before the damage is handed on
  }
  return out;
}

class AMF {
  private at = 0;
  private values = 0;
  private readonly view: DataView;
  private readonly text = new TextDecoder();

  constructor(private readonly b: Uint8Array) {
    this.view = new DataView(b.buffer, b.byteOffset, b.length);
  }

  get more(): boolean {
    return this.at < this.b.length;
  }

  value(depth: number): unknown {
    if (depth > maxDepth || ++this.values > maxValues) throw new RangeError("too deep or too many values");
    const marker = this.byte();
    switch (marker) {
      case 0:
        return this.double();
      case 1:
        return this.byte() !== 0;
      case 2:
        return this.string(2);
      case 3:
        return this.object(depth);
      case 5:
        return null;
      case 6:
      case 13:
        return undefined;
      case 8:
        this.at += 4;
        return this.object(depth);
      case 10:
        return this.array(depth);
      case 11: {
        const date = new Date(this.double());
        this.at += 2;
        return date;
      }
      case 12:
      case 15:
        return this.string(4);
      case 16:
        this.string(2);
        return this.object(depth);
    }
    throw new RangeError("AMF0 has no type " + marker);
  }

  private byte(): number {
    return this.view.getUint8(this.at++);
  }

  private double(): number {
    this.at += 8;
    return this.view.getFloat64(this.at - 8);
  }

  private string(size: 2 | 4): string {
    const n = size === 2 ? this.view.getUint16(this.at) : this.view.getUint32(this.at);
    this.at += size;
    if (this.at + n > this.b.length) throw new RangeError("a text is cut off");
    this.at += n;
    return this.text.decode(this.b.subarray(this.at - n, this.at));
  }

  private object(depth: number): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    while (this.more) {
      const key = this.string(2);
      if (key === "" && this.b[this.at] === 9) {
        this.at++;
        return out;
      }
      const value = this.value(depth + 1);
      if (key !== "__proto__") out[key] = value;
    }
    return out;
  }

  private array(depth: number): unknown[] {
    let n = this.view.getUint32(this.at);
    this.at += 4;
    const out: unknown[] = [];
    while (n-- > 0) out.push(this.value(depth + 1));
    return out;
  }
}
