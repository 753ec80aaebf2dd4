/** What superp2p.swf calls in a page, as superp2p.flash, by ExternalInterface: it plays by the page's engine. */
import type { AdapterOptions } from "../player/adapters";
import type { begin, View, Wishes } from "../flash/view";
import { guard, played } from "../flash/guard";
import { sessionOf, sessionsOf } from "./address";
import type { Kit } from "./kit";

/** memory is how long it is known how a session ended, in ms. */
const memory = 60_000;
const maxSessions = 64;

/** FlashDoor is superp2p.flash. */
export interface FlashDoor {
  /** ready returns {"ready"}, as JSON, with why not; "" as long as the Service Worker does not control the page. */
  ready(requireP2P: boolean): string;
  /** open takes down what a session (16 to 64 letters and digits) plays, Wishes as a query string, and returns where its FLV is, "" if nowhere. */
  open(id: string, wishes: string): string;
  /** state returns how a session is, as /v1/session of a server does. */
  state(id: string): string;
  /** end ends a session, and returns how it was. */
  end(id: string): string;
  /** upload switches giving to peers. */
  upload(id: string, on: boolean): void;
}

interface Session {
  wishes: Wishes;
  view: View | undefined;
  /** previous is the view whose play goes on in this session. */
  previous: View | undefined;
  taken: boolean;
  ended: boolean;
  upload: boolean;
  since: number;
}

/** Flash answers SWFs. */
export class Flash {
  private readonly sessions = new Map<string, Session>();
  /** scope is the worker's, once it controls the page: below that sessions have their URLs. */
  scope = "";
  private guarded = false;

  constructor(
    private readonly kit: Kit,
    private readonly options: AdapterOptions,
  ) {}

  ready(requireP2P: boolean): string {
    this.guard();
    const { peers, download, consent } = this.options;
    if (requireP2P && (peers === false || download === false || consent || typeof RTCPeerConnection !== "function")) {
      return JSON.stringify({ ready: false, why: "the page does not take from peers" });
    }
    if (typeof WebAssembly !== "object") return JSON.stringify({ ready: false, why: "this browser has no WebAssembly" });
    return this.scope ? JSON.stringify({ ready: true }) : "";
  }

  open(id: string, wishes: string): string {
    this.sweep();
    const known = this.sessions.get(id);
    if (!this.scope || !/^[0-9A-Za-z]{16,64}$/.test(id) || known?.taken || this.sessions.size >= maxSessions) return "";
    const w = wishesOf(new URLSearchParams(wishes));
    const previous = w.after ? this.sessions.get(w.after)?.view : undefined;
    previous?.hold(true);
    this.sessions.set(id, { wishes: w, view: undefined, previous, taken: false, ended: false, upload: w.upload !== false && this.options.upload !== false, since: performance.now() });
    return sessionsOf(this.scope) + id;
  }

  state(id: string): string {
    const s = this.sessions.get(id);
    return JSON.stringify(s?.view?.state() ?? { state: s?.ended ? "ended" : s?.taken ? "opening" : "unknown" });
  }

  end(id: string): string {
    const s = this.sessions.get(id);
    if (s) {
      s.ended = true;
      s.since = performance.now();
      s.view?.end();
      this.letGo(s);
    }
    return this.state(id);
  }

  upload(id: string, on: boolean): void {
    const s = this.sessions.get(id);
    if (!s) return;
    s.upload = on && this.options.upload !== false;
    s.view?.setUpload(s.upload);
  }

  /** take begins a session, for the request that fetches it. */
  async take(id: string): Promise<View> {
    const s = this.sessions.get(id);
    if (!s || s.taken || s.ended) throw new this.kit.Fault("request_invalid", "no SWF of this page has opened that, or it is used already");
    s.taken = true;
    s.since = performance.now();
    const half = await this.kit.library<{ begin: typeof begin }>("flash.mjs", this.options.server ?? "");
    if (s.ended) throw new this.kit.Fault("closed", "the player has ended it before it began");
    s.view = half.begin(this.kit, this.options, s.wishes, s.previous);
    s.previous = undefined;
    s.view.setUpload(s.upload);
    return s.view;
  }

  /** door is what SWFs call, whatever «this» is then. */
  readonly door: FlashDoor = {
    ready: (requireP2P) => this.ready(requireP2P),
    open: (id, wishes) => this.open(id, wishes),
    state: (id) => this.state(id),
    end: (id) => this.end(id),
    upload: (id, on) => this.upload(id, on),
  };

  close(): void {
    for (const s of this.sessions.values()) {
      s.view?.end();
      this.letGo(s);
    }
    this.scope = "";
  }

  /**
   * guard makes an end of bytes that break off, because the browser has stopped the Service Worker, say. Of a session of this page, what the SWF
   * asks next says that they were cut, and it goes on by another session.
   */
  private guard(): void {
    if (this.guarded) return;
    this.guarded = true;
    guard((url) => {
      const id = this.scope ? sessionOf(url, this.scope) : "";
      return id || played(url) ? () => this.sessions.get(id)?.view?.cut() : undefined;
    });
  }

  private letGo(s: Session): void {
    s.previous?.hold(false);
    s.previous = undefined;
  }

  /** sweep forgets what ended long ago, or never began. */
  private sweep(): void {
    const now = performance.now();
    for (const [id, s] of this.sessions) {
      const { state } = s.view?.state() ?? { state: s.taken ? "opening" : "ended" };
      if (state !== "ended" && state !== "failed") s.since = now;
      if (now - s.since < memory) continue;
      this.letGo(s);
      s.view?.forget();
      this.sessions.delete(id);
    }
  }
}

/** wishesOf reads what a SWF says. What cannot be is left out. */
function wishesOf(said: URLSearchParams): Wishes {
  const w: Wishes = { target: said.get("target") ?? "" };
  for (const name of ["start", "delay", "startTimeout", "stallTimeout"] as const) {
    const n = Number(said.get(name));
    if (n > 0 && n < 1e9) w[name] = n;
  }
  const server = said.get("server");
  if (server) w.server = server;
  const after = said.get("after");
  if (after) w.after = after;
  if (said.get("upload") === "false") w.upload = false;
  const tracks = said.get("tracks");
  if (tracks) w.tracks = tracks;
  return w;
}
