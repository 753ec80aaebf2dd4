/** By which event a failure is told (docs/netstream.md, "Failures"). */
import type { Fault } from "../fault";

/** codeOfFailure returns the code of the one event of the level error that a play ends with. */
export function codeOfFailure(why: Fault): string {
  if (why.code === "source_refused" && /404|StreamNotFound/.test(why.message)) return "NetStream.Play.StreamNotFound";
  if (why.code === "source_invalid") {
    return why.reason === "track" ? "NetStream.Play.NoSupportedTrackFound" : "NetStream.Play.FileStructureInvalid";
  }
  return "NetStream.Play.Failed";
}
