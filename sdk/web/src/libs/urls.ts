/** The page's half of the Service Worker: loaded when a page calls superp2p.serviceWorker(). */
export { start } from "../urls/site";
