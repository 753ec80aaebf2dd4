/** Who a playhead tells what happens, and asks. */

/** Told is who a playhead tells. */
export interface Told {
  /** Whether playback keeps the delay by playing faster or slower. */
  readonly holdsDelay: boolean;
  /** Whether more than what is held can be sought in. */
  readonly seekable: boolean;
  /** late is how long ago the first bytes came, in seconds. */
  late(): number;
  event(code: string, level?: "status" | "warning" | "error", details?: string, description?: string): void;
  complete(): void;
  /** ranDry is told when nothing is held any more. It returns true where the play is over with that. */
  ranDry(): boolean;
  duration(): number;
  /** place is asked where to go on to reach a time that is not held. */
  place(to: number): number;
}
