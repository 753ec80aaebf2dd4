/** What the page's half of the Service Worker takes from the script, which has it already. */
import type { Fault } from "../fault";
import type { open } from "../open";
import type { Playlists } from "../player/playlists";

export interface Kit {
  open: typeof open;
  Playlists: typeof Playlists;
  Fault: typeof Fault;
}
