/** superp2p for pages: what is played comes from other viewers, else from the CDN or the server. */
export * from "./open";
export { hlsLoader, mpegtsLoader } from "./player/adapters";
export { serviceWorker } from "./urls/index";
export { P2PNetStream } from "./player/netstream";
export { NetStatusEvent } from "./player/tell";
export type { NetStreamConfig, NetStreamPlayOptions } from "./player/netstream";
export type { PlayConfig } from "./player/playconfig";
export type { SoundTransform } from "./player/settings";
export type { ServiceWorkerOptions, SiteWorker } from "./urls/index";
