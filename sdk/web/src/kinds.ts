/** The kinds of internal/page, by their bytes. A Go test holds them equal to its own. */

export const In = {
  Tick: 1,
  LinkOpened: 2,
  LinkClosed: 3,
  Message: 4,
  Drained: 5,
  Fetched: 6,
  FetchFailed: 7,
  Read: 8,
  Proved: 9,
  SwarmSize: 10,
  SetUpload: 11,
  SetDownload: 12,
  SetMaxBytes: 13,
  Reposition: 14,
  Seek: 15,
  Hold: 16,
  Leave: 17,
  Restore: 18,
  Stats: 19,
} as const;

export const Out = {
  Send: 1,
  Disconnect: 2,
  Fetch: 3,
  CancelFetch: 4,
  Deliver: 5,
  Started: 6,
  Stalled: 7,
  Resumed: 8,
  Ended: 9,
  Lost: 10,
  Kept: 11,
  Slice: 12,
  State: 13,
  Counts: 14,
  Refused: 15,
} as const;

export const Reason = { Unreadable: 1, Differs: 2, Unproved: 3 } as const;

/** FetchError is why a server did not give a slice (swarm.FetchError). */
export const FetchError = { NotYet: 1, Gone: 2, TrackUnknown: 3, SourceEnded: 4, Enough: 5, Unreachable: 6 } as const;

/** Kind of what is played. */
export const Kind = { LiveFLV: 0, File: 1, LiveHLS: 2 } as const;

/** Flags of a statement. */
export const Flag = { Discontinuity: 1, Continuation: 2, Final: 4 } as const;

/** StatNames are what Counts has, in order: bytes, counts and milliseconds. */
export const StatNames = [
  "peerBytes", "serverBytes", "duplicateBytes", "proofBytes", "controlIn", "controlOut", "uploadBytes", "badBytes",
  "pushedBytes", "pushedSlices", "uploadPushedBytes", "uploadSlices", "uploadPushedSlices", "peerSlices", "serverSlices",
  "timeouts", "refused", "barred", "offers", "taken", "fetchedFirst", "fetchedLate", "fetchedStart",
  "peers", "stalls", "stall", "delay", "buffered", "position",
] as const;

export type Counts = Record<(typeof StatNames)[number], number>;
