/** superp2p-ruffle.js: for pages that show superp2p.swf in Ruffle and have no page SDK. */
import { guard, played } from "../flash/guard";

guard((url) => (played(url) ? () => undefined : undefined));
