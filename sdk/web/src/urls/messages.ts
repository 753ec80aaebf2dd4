/** What a worker and a page say to each other. Each request has a port of its own. */

/** Notice is what a page tells the worker: that it answers requests (hello), which it does still (alive), or no more (bye). */
export interface Notice {
  superp2p: "hello" | "alive" | "bye";
}

/** Noted is the worker's answer: the ids of the requests that this page has in hand. */
export interface Noted {
  open: string[];
}

/** Question is what the worker asks pages, with a port: who answers a request? Those that do say Here. */
export interface Question {
  superp2p: "who";
}

/** Get is a request. range and ifRange are the headers of that name, "" where there are none. */
export interface Get {
  id: string;
  target: string;
  /** session is the id of what a SWF plays, "" if it is no SWF; then there is no target. */
  session: string;
  head: boolean;
  range: string;
  ifRange: string;
}

/** ToPage is what the worker says on a request's port; each pull is answered by bytes, end or failed. */
export type ToPage = { get: Get } | { pull: true } | { cancel: true };

/** Head is how an answer begins. */
export interface Head {
  status: number;
  headers: Record<string, string>;
}

/** Refusal is why there is none. */
export interface Refusal {
  code: string;
  message: string;
}

export type FromPage = { here: true } | { head: Head } | { refused: Refusal } | { bytes: Uint8Array } | { end: true } | { failed: string };
