/** Which part of something a request wants, by its header Range (RFC 9110, section 14). */

/** Part is from a byte to before another. */
export interface Part {
  from: number;
  to: number;
}

/** partOf reads a header: undefined asks for all of it, "none" for what is not there. Several ranges get all, too. */
export function partOf(range: string, size: number): Part | "none" | undefined {
  const m = /^bytes=(\d*)-(\d*)$/i.exec(range.replace(/\s/g, ""));
  if (!m || (!m[1] && !m[2])) return undefined;
  if (!m[1]) {
    const last = Number(m[2]);
    return last === 0 ? "none" : { from: Math.max(0, size - last), to: size };
  }
  const from = Number(m[1]);
  if (m[2] && Number(m[2]) < from) return undefined;
  return from >= size ? "none" : { from, to: m[2] ? Math.min(size, Number(m[2]) + 1) : size };
}
