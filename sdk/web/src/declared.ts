/** Holds superp2p.d.ts equal to the sources: the compiler checks it, and no page loads it. */
import type * as declared from "../superp2p";
import * as sources from "./index";

export const checked: typeof declared = sources;
