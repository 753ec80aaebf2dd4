/** What the engine asks for, and the server as who answers it. */
import type { Found } from "./answers";
import type { Edge } from "./edge";

/** Ask is what the engine wants of the server (page.Fetch). */
export interface Ask {
  number: number;
  wait: number;
  copies: number;
  offset: number;
  head: number;
  size: number;
  group: number;
  start: number;
  total: number;
}

/** Got is what came of it: the server's answer, or what an origin gave and its proof. */
export type Got = { answer: Uint8Array } | { proof: Uint8Array; payload: Uint8Array };

/** askServer asks the server for what the engine wants: a slice, or the rest of one. */
export async function askServer(edge: Edge, found: Found, ask: Ask, signal: AbortSignal): Promise<Got> {
  const { res } = found;
  if (ask.head > 0) {
    const from = ask.head + ask.offset;
    return { answer: await edge.bytes(edge.slice(res.slices, res, ask.number), signal, undefined, from) };
  }
  const url = edge.slice(res.slices, res, ask.number, ask);
  return { answer: await edge.bytes(url, signal, 5_000 + ask.wait) };
}
