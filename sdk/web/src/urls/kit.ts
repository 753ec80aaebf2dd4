/** What the page's half of the Service Worker takes from the script, which has it already. */
import type { Fault } from "../fault";
import type { beside, open } from "../open";
import type { library } from "../player/pipeline";
import type { Playlists } from "../player/playlists";

export interface Kit {
  open: typeof open;
  Playlists: typeof Playlists;
  Fault: typeof Fault;
  library: typeof library;
  beside: typeof beside;
}
