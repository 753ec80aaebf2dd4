// What an application may do with the package, for the compiler to check: nothing of it runs.
import { Fault, hlsLoader, mpegtsLoader, NetStatusEvent, open, P2PNetStream, server } from "superp2p";
import type { Config, File, Info, Live, NetStreamConfig, NetStreamPlayOptions, PeerStream, PlayConfig, Segments, Source, Stats } from "superp2p";

export async function play(video: HTMLVideoElement): Promise<number> {
  const made: NetStreamConfig = { server: "https://p2p.example", engine: "/core.wasm", consent: async () => true };
  const stream = new P2PNetStream(made);
  stream.addEventListener("netStatus", (e) => {
    const info: Info = (e as NetStatusEvent).info;
    console.log(info.code, info.level, info.details, info.description, info.error);
  });
  stream.onPeerConnect = (peer: PeerStream) => peer.farID !== "" && !peer.incoming;
  stream.client = { onMetaData: (o: object) => console.log(o) };
  stream.attach(video);
  const config: PlayConfig = { delay: 8, upload: { maxBytesPerSecond: 100_000 }, minViewers: 3, maxPeers: null };
  stream.play("https://cdn.example/live/a.flv", config);
  const options: NetStreamPlayOptions = { streamName: "other", transition: "switch", offset: 3 };
  stream.play2(options);
  stream.bufferTime = 2;
  stream.soundTransform = { volume: 0.5 };
  stream.play(null);
  stream.appendBytes(new Uint8Array(3));
  stream.appendBytesAction(P2PNetStream.END_SEQUENCE);
  stream.pause();
  stream.seek(stream.time + 1);
  stream.receiveAudio(false);
  const stats: Partial<Stats> = stream.stats;
  stream.dispose();
  return (stats.peerBytes ?? 0) + stream.info.byteCount + stream.multicastInfo.bytesReceivedFromServer;
}

export async function read(): Promise<string> {
  const config: Config = { upload: { maxBytesPerSecond: 1, mobile: true }, consent: () => false, peers: true, stun: [] };
  try {
    const source: Source = await open(server(), "live", config, new AbortController().signal);
    source.onevent = (e) => console.log(e.code, e.fault?.code);
    if (source.kind === "live") await (source satisfies Live).read();
    else if (source.kind === "file") await (source satisfies File).read(0, source.info.size);
    else await (source satisfies Segments).segment((await source.playlist()).url, { offset: 0, length: 1 });
    source.setUpload(source.neighbours().length > 0);
    source.close();
  } catch (why) {
    if (why instanceof Fault) return why.code;
  }
  new (hlsLoader({ server: "https://p2p.example", opened: (s, url) => s.refuse(url) }))();
  new (mpegtsLoader({ delay: 8 }))();
  // @ts-expect-error what there is not is no key
  await open("", "live", { uplaod: false });
  return "";
}
