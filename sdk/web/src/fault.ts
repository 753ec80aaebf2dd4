/** Failures, with the codes of docs/errors.md. */

/** Fault says what happened and what to do next; code is stable. */
export class Fault extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly reason?: unknown,
  ) {
    super(message);
    this.name = "Fault";
  }
}

/** codeOf returns the code of a failure, "" of what is none of ours. */
export function codeOf(e: unknown): string {
  return e instanceof Fault ? e.code : "";
}

/** asFault makes a Fault of whatever was thrown. */
export function asFault(e: unknown, code = "internal"): Fault {
  if (e instanceof Fault) return e;
  return new Fault(code, e instanceof Error ? e.message : String(e), e);
}

/** ended tells whether a request was given up by who made it. */
export function ended(signal: AbortSignal): Fault {
  return signal.reason instanceof Fault ? signal.reason : new Fault("closed", "it was closed meanwhile; play it again");
}

/** safely calls what is the page's, whose failures are its own: they are reported as any that nobody catches. */
export function safely<T>(f: ((value: T) => void) | undefined, value: T): void {
  try {
    f?.(value);
  } catch (e) {
    setTimeout(() => {
      throw e;
    });
  }
}
