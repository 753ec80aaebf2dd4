/** Holds superp2p.d.ts equal to the sources: the compiler checks it, and no page loads it. */
import type * as declared from "../superp2p";
import * as sources from "./index";

const checked: Pick<typeof sources, keyof typeof declared> extends typeof declared ? typeof sources : never = sources;
export default checked;
