/**
 * superp2p for pages: peer-assisted video behind the interface of Flash's NetStream; what comes from a server's /sdk/superp2p.js
 * (where it is the global superp2p) and superp2p.mjs. src/declared.ts holds it equal to the sources.
 */
export as namespace superp2p;

/** NetStreamConfig says how a P2PNetStream is made. */
export interface NetStreamConfig {
    /** The superp2p server. Default: where the script came from. */
    server?: string;
    /** Where the engine is. Default: core.wasm beside the script. */
    engine?: string;
    /** Is asked before each play whether peers may be used. Until it says true, it is played without them. Default: they may. */
    consent?: () => boolean | Promise<boolean>;
}
/** P2PNetStream plays one stream at a time on one element. Its events are netStatus, with what happened in event.info. */
export declare class P2PNetStream extends Settings {
    static readonly CONNECT_TO_FMS = "connectToFMS";
    static readonly DIRECT_CONNECTIONS = "directConnections";
    static readonly RESET_BEGIN = "resetBegin";
    static readonly RESET_SEEK = "resetSeek";
    static readonly END_SEQUENCE = "endSequence";
    /** resetDRMVouchers throws not_supported: nothing here is protected by Flash Access. */
    static resetDRMVouchers(): never;
    /** client has the handlers that script data names: onMetaData, onPlayStatus and so on. At first it is the stream itself. */
    client: object;
    /** onPeerConnect is asked about each peer that connects; false refuses it. */
    onPeerConnect: ((subscriber: PeerStream) => boolean | void) | null;
    constructor(options?: NetStreamConfig);
    /** attach shows what is played on an element; null takes it off. What plays goes on there from its beginning, or live. */
    attach(video: HTMLVideoElement | null): void;
    /** play opens url, or the channel that it names; null begins data generation mode. It returns at once. */
    play(url: string | null, config?: PlayConfig | null): void;
    /** play2 changes what is played for something else, or appends that. */
    play2(options: NetStreamPlayOptions): void;
    /** appendBytes gives FLV, cut anywhere, after play(null). */
    appendBytes(bytes: Uint8Array | ArrayBuffer): void;
    /** appendBytesAction says what the bytes that come are: another file (RESET_BEGIN), after a seek (RESET_SEEK), or none. */
    appendBytesAction(action: string): void;
    pause(): void;
    resume(): void;
    togglePause(): void;
    /** seek goes to a time in seconds. */
    seek(offset: number): void;
    /** step goes so many pictures on, or back, while paused. */
    step(frames: number): void;
    /** close ends what is played, and leaves its swarm. */
    close(): void;
    /** dispose closes and forgets everything that was set. */
    dispose(): void;
    /** publish throws not_supported: a page has no encoder here. */
    publish(_name?: string | null, _type?: string): never;
    /** send throws not_supported: what does not publish cannot send. */
    send(_handler: string, ..._values: unknown[]): never;
    attachAudio(_microphone: unknown): never;
    attachCamera(_camera: unknown, _snapshot?: number): never;
    /** receiveAudio(false) silences what is played. */
    receiveAudio(flag: boolean): void;
    /** receiveVideo(false) hides the picture. */
    receiveVideo(flag: boolean): void;
    /** receiveVideoFPS is kept; browsers show all frames. */
    receiveVideoFPS(fps: number): void;
    get time(): number;
    get bufferLength(): number;
    get backBufferLength(): number;
    /** currentFPS is how many frames a second are shown. */
    get currentFPS(): number;
    get decodedFrames(): number;
    /** liveDelay is how far behind the live edge it plays, in seconds; 0 of a file. */
    get liveDelay(): number;
    get bytesLoaded(): number;
    get bytesTotal(): number;
    /** audioCodec is a FourCC such as mp4a; "" before it is known. */
    get audioCodec(): string;
    get videoCodec(): string;
    /** farID is the identity of what is played, as the server tells it: one for all viewers. */
    get farID(): string;
    /** "": peers prove what they send, and nonces are those of their connections. */
    get farNonce(): string;
    get nearNonce(): string;
    get peerStreams(): PeerStream[];
    get info(): NetStreamInfo;
    get multicastInfo(): NetStreamMulticastInfo;
    /** stats are what the sources of the play counted since it began; nothing before they are open. */
    get stats(): Partial<Stats>;
}
/** SoundTransform is that of flash.media: volume and where the sound is. volume is acted on, the others are kept. */
export interface SoundTransform {
    volume: number;
    pan: number;
    leftToLeft: number;
    leftToRight: number;
    rightToLeft: number;
    rightToRight: number;
}
/** Settings are the properties of a NetStream that applications set. Times are in seconds. */
declare class Settings extends EventTarget {
    /** How much is held before playback begins or goes on. Default 0.1. */
    get bufferTime(): number;
    set bufferTime(n: number);
    /** With more than this, a live stream is played up to 4 % faster until bufferTime is held. 0: never. */
    get bufferTimeMax(): number;
    set bufferTimeMax(n: number);
    /** How much is kept behind the playhead. Default 30. It counts from the next play on. */
    get backBufferTime(): number;
    set backBufferTime(n: number);
    /** How much a file is loaded ahead while it is paused. Default 60, or twice bufferTime. */
    get maxPauseBufferTime(): number;
    set maxPauseBufferTime(n: number);
    /** Kept: what is held is always sought in. */
    get inBufferSeek(): boolean;
    set inBufferSeek(on: boolean);
    get soundTransform(): SoundTransform;
    set soundTransform(t: Partial<SoundTransform>);
    get audioSampleAccess(): boolean;
    set audioSampleAccess(on: boolean);
    get videoSampleAccess(): boolean;
    set videoSampleAccess(on: boolean);
    get checkPolicyFile(): boolean;
    set checkPolicyFile(on: boolean);
    /** 0: script data is AMF0. */
    get objectEncoding(): number;
    get useHardwareDecoder(): boolean;
    set useHardwareDecoder(on: boolean);
    get useJitterBuffer(): boolean;
    set useJitterBuffer(on: boolean);
    get videoStreamSettings(): unknown;
    set videoStreamSettings(_v: unknown);
    /** true: nothing that is played is lost. */
    get audioReliable(): boolean;
    get videoReliable(): boolean;
    get dataReliable(): boolean;
    get multicastAvailabilitySendToAll(): boolean;
    set multicastAvailabilitySendToAll(on: boolean);
    get multicastAvailabilityUpdatePeriod(): number;
    set multicastAvailabilityUpdatePeriod(n: number);
    get multicastFetchPeriod(): number;
    set multicastFetchPeriod(n: number);
    get multicastPushNeighborLimit(): number;
    set multicastPushNeighborLimit(n: number);
    get multicastRelayMarginDuration(): number;
    set multicastRelayMarginDuration(n: number);
    /** How far behind the live edge the plays to come are whose delay is not given, 2 to 30. Until it is set, 6. */
    get multicastWindowDuration(): number;
    set multicastWindowDuration(n: number);
}
/** PlayConfig says how one play goes. Fields that are left out, null or 0 have the defaults given. */
export interface PlayConfig {
    /** Id of the stream at the server, which is then played instead of the URL. */
    channel?: string | null;
    /** How far behind the live edge to play, in seconds, 2 to 30. Default 6, of HLS two target durations less half a second. */
    delay?: number | null;
    /** Takes everything from the server: no peers. */
    httpOnly?: boolean | null;
    /** How many neighbours are looked for. Default 16. */
    maxPeers?: number | null;
    /** Most that is held for peers and for playing, in bytes. Default 64 MiB of a live stream, 96 MiB of a file. */
    memory?: number | null;
    /** How many viewers, this one included, a stream must have before anything is taken from peers. */
    minViewers?: number | null;
    /** Longest time until the first frame is there, in seconds; then the play fails. Default 10. */
    startTimeout?: number | null;
    /** Names the stream in logs and events. Default: the URL. */
    streamID?: string | null;
    /** Goes to the server with each request, as «Authorization: Bearer». */
    token?: string | null;
    /** Whether peers are given anything, or how much at the most. Default: they are, but over mobile data and where data is saved. */
    upload?: boolean | {
        maxBytesPerSecond: number;
    } | null;
    /** Most that peers are given, in bytes a second. Default: no limit. */
    uploadRate?: number | null;
}
/** NetStreamPlayOptions are those of flash.net, with the config of play. Times are in seconds. */
export interface NetStreamPlayOptions {
    streamName: string;
    /** What is to be changed. Default: what is played. */
    oldStreamName?: string;
    /** Where in a file to begin (reset, append, appendAndWait). Default: at its beginning. */
    start?: number;
    /** How much of it is played. Default: all. */
    len?: number;
    /** The time from which on it is changed over (switch, swap, resume). Default: as soon as possible. */
    offset?: number;
    /** reset (default), append, appendAndWait, resume, stop, swap or switch. */
    transition?: string;
    config?: PlayConfig;
}
/** Info is what a netStatus event says. */
export interface Info {
    code: string;
    level: "status" | "warning" | "error";
    /** What it is about: a URL, a time, a peer. */
    details: string;
    /** In one sentence, what happened and what to do. */
    description: string;
    /** Of a failure, the code of docs/errors.md. */
    error?: string;
    /** Of a peer's event, its PeerStream. */
    stream?: unknown;
}
/** NetStatusEvent is an event netStatus. */
export declare class NetStatusEvent extends Event {
    readonly info: Info;
    constructor(info: Info);
}
/** PeerStream is the stream of a neighbour. */
export interface PeerStream {
    /** Its id at the tracker, 40 hexadecimal digits; another for each play. */
    farID: string;
    /** Whether it has called, not we. */
    incoming: boolean;
    /** When its connection was open. */
    since: Date;
    bytesReceived: number;
    bytesSent: number;
}
/** NetStreamInfo is that of flash.net. Rates are in bytes a second, lengths in seconds. */
export interface NetStreamInfo {
    currentBytesPerSecond: number;
    byteCount: number;
    maxBytesPerSecond: number;
    audioBytesPerSecond: number;
    audioByteCount: number;
    videoBytesPerSecond: number;
    videoByteCount: number;
    dataBytesPerSecond: number;
    dataByteCount: number;
    playbackBytesPerSecond: number;
    droppedFrames: number;
    audioBufferByteLength: number;
    videoBufferByteLength: number;
    dataBufferByteLength: number;
    audioBufferLength: number;
    videoBufferLength: number;
    dataBufferLength: number;
    SRTT: number;
    audioLossRate: number;
    videoLossRate: number;
    metaData: Record<string, unknown> | null;
    xmpData: Record<string, unknown> | null;
    uri: string;
    resourceName: string;
    isLive: boolean;
}
/** NetStreamMulticastInfo is that of flash.net. Rates are in bytes a second; fragments are slices. */
export interface NetStreamMulticastInfo {
    sendDataBytesPerSecond: number;
    sendControlBytesPerSecond: number;
    receiveDataBytesPerSecond: number;
    receiveControlBytesPerSecond: number;
    bytesPushedToPeers: number;
    fragmentsPushedToPeers: number;
    bytesRequestedByPeers: number;
    fragmentsRequestedByPeers: number;
    bytesPushedFromPeers: number;
    fragmentsPushedFromPeers: number;
    bytesRequestedFromPeers: number;
    fragmentsRequestedFromPeers: number;
    sendControlBytesPerSecondToServer: number;
    receiveDataBytesPerSecondFromServer: number;
    bytesReceivedFromServer: number;
    fragmentsReceivedFromServer: number;
    receiveDataBytesPerSecondFromIPMulticast: number;
    bytesReceivedFromIPMulticast: number;
    fragmentsReceivedFromIPMulticast: number;
}
/** AdapterOptions say where and how an adapter plays. */
export interface AdapterOptions extends Config {
    /** The superp2p server. Default: where the script came from. */
    server?: string;
    /** Is told of each Source that is opened, for its stats and events. */
    opened?: (source: Source, url: string) => void;
}
/**
 * hlsLoader returns a class for hls.js: `new Hls({ loader: superp2p.hlsLoader() })`. Call it once for each player. What the server
 * refuses is loaded from its own URL, as hls.js does without it. Its Sources end with the page, or by close.
 */
export declare function hlsLoader(options?: AdapterOptions): (new (config?: unknown) => object) & {
    close(): void;
};
/** MpegtsLoader is a class for mpegts.js, which also makes such classes where it is called without new. */
export interface MpegtsLoader {
    new (seekHandler?: unknown, config?: unknown): object;
    (options?: AdapterOptions): new (seekHandler?: unknown, config?: unknown) => object;
}
/** mpegtsLoader is a customLoader: `mpegts.createPlayer(source, { customLoader: superp2p.mpegtsLoader({ delay: 8 }) })`. */
export declare const mpegtsLoader: MpegtsLoader;
/** ServiceWorkerOptions say where and how what the URLs name is played. */
export interface ServiceWorkerOptions extends AdapterOptions {
    /** Which pages the worker serves, as navigator.serviceWorker.register has it. Default: the folder of its script. */
    scope?: string;
}
/** SiteWorker is a Service Worker that serves this page's players. */
export interface SiteWorker {
    /** url returns the URL of this site for the URL of a stream, or for a channel id. */
    url(target: string): string;
    /** close ends what this page plays through it. The worker stays, and has players load from the URLs themselves. */
    close(): void;
}
/**
 * serviceWorker registers the site's Service Worker, a file with the line `importScripts("https://server/sdk/superp2p-sw.js")`, and
 * returns when it controls the page: from then on /p2p/<host>/<path> is a URL for any player in it. It throws the Fault that says
 * why there is none. Of several calls of a page the options of the first count, until its SiteWorker is closed.
 */
export declare function serviceWorker(script: string, options?: ServiceWorkerOptions): Promise<SiteWorker>;
/**
 * open asks the server where target is (a URL with "://", or a channel id) and starts to play it. It returns when the answer is
 * there, or throws the Fault that says why not. server "" is the one that the script came from.
 */
export declare function open(base: string, target: string, cfg?: Config, signal?: AbortSignal): Promise<Source>;
/** server is the base URL of the server that this script came from, as far as that can be known: …/sdk/superp2p.js. */
export declare function server(): string;
/** Config says how to play. Fields that are left out have the defaults given. */
export interface Config {
    /** Delay in seconds behind live, 2 to 30. Default 6; of HLS two target durations less half a second, if that is more. */
    delay?: number;
    /**
     * Upload to peers: false for none, or a limit. Default: without limit, and none while the browser reports mobile data, unless it is true
     * or says mobile, or that data is to be saved.
     */
    upload?: boolean | {
        maxBytesPerSecond: number;
        mobile?: boolean;
    };
    /** Download from peers. Default true. */
    download?: boolean;
    /** Peers at all. Default true. */
    peers?: boolean;
    /**
     * Is asked when it is opened whether peers may be used. Until it says true, everything comes from the server and the viewer's own URL,
     * and neither tracker nor peers see anything. Default: they may be used.
     */
    consent?: () => boolean | Promise<boolean>;
    /** How many neighbours are looked for, at most 48. Default 16, of a file 32. */
    maxPeers?: number;
    /** Bytes that are held for peers and for playing. Default 64 MiB, of a file 96 MiB. */
    maxBytes?: number;
    /** STUN servers ("stun:host:port") instead of the server's. */
    stun?: string[];
    /** Seconds until something must be there to play. Default 10. */
    startTimeout?: number;
    /** Seconds that nothing may arrive, once playing. Default 20. */
    stallTimeout?: number;
    /** Where the engine is. Default: core.wasm beside the script. */
    engine?: string;
    /** Goes to the server with each request, as «Authorization: Bearer». Default: nothing does. */
    token?: string;
    /** False has even the first second wait for the engine. Default true. */
    early?: boolean;
    /** Read a file as fast as it comes, for who records it, and not at the pace of a player. Default false. */
    unpaced?: boolean;
}
/** Fault says what happened and what to do next; code is stable. */
export declare class Fault extends Error {
    readonly code: string;
    readonly reason?: unknown | undefined;
    constructor(code: string, message: string, reason?: unknown | undefined);
}
/** Stats of a source since it was opened. Bytes are of payload; delay, buffered and position are in ms. */
export interface Stats extends Counts {
    /** bytes that came before the engine was there, or instead of it; part of serverBytes. */
    plainBytes: number;
    /** bytes read from the viewer's own URL; part of serverBytes. */
    originBytes: number;
    swarmSize: number;
    links: number;
    tracks: number;
    trackerBytes: number;
    requests: number;
    /** ms from open until the first bytes were there; 0 before. */
    start: number;
    /** the size of the engine's memory in bytes, 0 where there is none. */
    memory: number;
}
/** Happened is one thing that a player may want to know, with the codes of NetStatusEvent. */
export interface Happened {
    code: "NetStream.Play.Start" | "NetStream.Play.Stop" | "NetStream.Play.Failed" | "NetStream.Play.PublishNotify" | "NetStream.Play.UnpublishNotify" | "NetStream.Buffer.Empty" | "NetStream.Buffer.Full" | "NetStream.Buffer.Flush" | "NetStream.MulticastStream.Reset";
    level: "status" | "warning" | "error";
    description: string;
    /** Of Play.Failed. */
    fault?: Fault;
}
/** Live is a live stream as FLV. */
export interface Live extends Common {
    readonly kind: "live";
    /** read returns what comes next, beginning with a file header and a keyframe; undefined at the end. One reader at a time. */
    read(): Promise<Uint8Array | undefined>;
}
/** File is a file at an origin. */
export interface File extends Common {
    readonly kind: "file";
    readonly info: FileInfo;
    /**
     * read returns bytes from offset on, at least one and at most length, and waits for the first of them; none at the end of the
     * file. What is played follows the one that read last.
     */
    read(offset: number, length: number, signal?: AbortSignal, eager?: boolean): Promise<Uint8Array>;
    /** end says that what was read was the end of it: the play is over. */
    end(): void;
}
/** ByteRange of a segment; length 0 is to the end. */
export interface ByteRange {
    offset: number;
    length: number;
}
/** Segments is a media playlist of HLS. */
export interface Segments extends Common {
    readonly kind: "hls";
    readonly live: boolean;
    /** playlist loads the media playlist as it is now; query, such as _HLS_msn=7, is added to its URL. */
    playlist(query?: string, signal?: AbortSignal): Promise<{
        url: string;
        text: string;
    }>;
    /**
     * segment returns a segment that the playlist lists, by its absolute URL: what peers and server have proved, else from that
     * URL itself. What the playlist does not list is loaded from its URL.
     */
    segment(url: string, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array>;
    end(): void;
}
export type Source = Live | File | Segments;
/** Common is what all kinds of sources have. */
interface Common {
    /** The identity of what is played, as the server told it. */
    readonly stream: string;
    /** onevent is told what happens, in order; what came before it was set is told at once. Nothing comes after Play.Failed. */
    onevent: ((e: Happened) => void) | undefined;
    stats(): Stats;
    /** neighbours are the peers that are connected. */
    neighbours(): Neighbour[];
    /** refuse ends the link to a neighbour, by its id, and makes none with it again. */
    refuse(id: string): void;
    setUpload(on: boolean): void;
    setDownload(on: boolean): void;
    /** close leaves the swarm and ends everything. What still waits fails with the code closed. */
    close(): void;
}
/** FileInfo is what the server knows of a file. Times are in ms. */
export interface FileInfo {
    size: number;
    slice: number;
    group: number;
    type: string;
    etag?: string;
    duration: number;
    times: number[];
    proofs: string;
}
/** Neighbour is a peer whose link is open. id is that at the tracker, as hex digits; bytes are of messages. */
export interface Neighbour {
    id: string;
    incoming: boolean;
    since: Date;
    received: number;
    sent: number;
}
type Counts = Record<
  "peerBytes" | "serverBytes" | "duplicateBytes" | "proofBytes" | "controlIn" | "controlOut" | "uploadBytes" | "badBytes" | "pushedBytes" | "pushedSlices" | "uploadPushedBytes" | "uploadSlices" | "uploadPushedSlices" | "peerSlices" |
  "serverSlices" | "timeouts" | "refused" | "barred" | "offers" | "taken" | "fetchedFirst" | "fetchedLate" | "fetchedStart" | "peers" | "stalls" | "stall" | "delay" | "buffered" | "position",
  number
>;
export {};
