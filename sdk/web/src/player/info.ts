/** The figures of a play under the names of NetStreamInfo and NetStreamMulticastInfo. */
import type { Stats } from "../source";
import type { Meter } from "./meter";

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

/** infoOf makes a NetStreamInfo. */
export function infoOf(
  m: Meter, time: number, length: number, droppedFrames: number,
  about: Pick<NetStreamInfo, "metaData" | "xmpData" | "uri" | "resourceName" | "isLive">,
): NetStreamInfo {
  const part = (kind: "audio" | "video" | "data"): [number, number] => [
    m.bytesAhead(kind, time),
    Math.min(length, m.lengthAhead(kind, time)),
  ];
  const [audioBytes, audioLength] = part("audio");
  const [videoBytes, videoLength] = part("video");
  const [dataBytes, dataLength] = part("data");
  return {
    currentBytesPerSecond: m.rate(), byteCount: m.total, maxBytesPerSecond: m.max,
    audioBytesPerSecond: m.rateOf("audio"), audioByteCount: m.count.audio,
    videoBytesPerSecond: m.rateOf("video"), videoByteCount: m.count.video,
    dataBytesPerSecond: m.rateOf("data"), dataByteCount: m.count.data,
    playbackBytesPerSecond: m.playRate(time), droppedFrames,
    audioBufferByteLength: audioBytes, videoBufferByteLength: videoBytes, dataBufferByteLength: dataBytes,
    audioBufferLength: audioLength, videoBufferLength: videoLength, dataBufferLength: dataLength,
    SRTT: 0, audioLossRate: 0, videoLossRate: 0, ...about,
  };
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

/** Multicast makes a NetStreamMulticastInfo of stats. Rates are of the time since they were asked for at least a second before. */
export class Multicast {
  private before: { at: number; stats: Partial<Stats> } = { at: performance.now(), stats: {} };
  private rates: Partial<Record<keyof Stats, number>> = {};

  of(s: Partial<Stats>): NetStreamMulticastInfo {
    const t = performance.now();
    const passed = t - this.before.at;
    const names = ["uploadBytes", "controlOut", "peerBytes", "controlIn", "trackerBytes", "serverBytes"] as const;
    if (passed >= 1000) {
      for (const n of names) this.rates[n] = Math.max(0, (1000 * ((s[n] ?? 0) - (this.before.stats[n] ?? 0))) / passed);
      this.before = { at: t, stats: s };
    }
    const rate = (n: (typeof names)[number]): number => this.rates[n] ?? 0;
    const less = (a: keyof Stats, b: keyof Stats): number => Math.max(0, (s[a] ?? 0) - (s[b] ?? 0));
    return {
      sendDataBytesPerSecond: rate("uploadBytes"), sendControlBytesPerSecond: rate("controlOut"),
      receiveDataBytesPerSecond: rate("peerBytes"), receiveControlBytesPerSecond: rate("controlIn"),
      bytesPushedToPeers: s.uploadPushedBytes ?? 0, fragmentsPushedToPeers: s.uploadPushedSlices ?? 0,
      bytesRequestedByPeers: less("uploadBytes", "uploadPushedBytes"),
      fragmentsRequestedByPeers: less("uploadSlices", "uploadPushedSlices"),
      bytesPushedFromPeers: s.pushedBytes ?? 0, fragmentsPushedFromPeers: s.pushedSlices ?? 0,
      bytesRequestedFromPeers: less("peerBytes", "pushedBytes"), fragmentsRequestedFromPeers: less("peerSlices", "pushedSlices"),
      sendControlBytesPerSecondToServer: rate("trackerBytes"), receiveDataBytesPerSecondFromServer: rate("serverBytes"),
      bytesReceivedFromServer: s.serverBytes ?? 0, fragmentsReceivedFromServer: s.serverSlices ?? 0,
      receiveDataBytesPerSecondFromIPMulticast: 0, bytesReceivedFromIPMulticast: 0, fragmentsReceivedFromIPMulticast: 0,
    };
  }
}
