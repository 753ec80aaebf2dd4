/** Fair use of what viewers have: nothing is uploaded where data is dear, and nothing shared without consent where that is asked for. */
import type { Config } from "./config";

interface Connection extends EventTarget {
  readonly saveData?: boolean;
  readonly type?: string;
}

const connection = (): Connection | undefined => (navigator as Navigator & { connection?: Connection }).connection;

/** limitOf returns how many bytes a second a config lets peers be given: 0 without limit, -1 none. */
export function limitOf({ upload }: Config): number {
  if (typeof upload !== "object") return upload === false ? -1 : 0;
  return Math.round(upload.maxBytesPerSecond) > 0 ? Math.round(upload.maxBytesPerSecond) : -1;
}

/**
 * dear tells whether the browser says that data is dear here: where viewers save it, whatever the application says, and over mobile
 * data unless the application allows that.
 */
export function dear({ upload }: Config): boolean {
  const c = connection();
  const mobile = upload === true || (typeof upload === "object" && upload.mobile === true);
  return c?.saveData === true || (c?.type === "cellular" && !mobile);
}

/** whenDear calls changed when that may have changed, until signal. */
export function whenDear(changed: () => void, signal: AbortSignal): void {
  connection()?.addEventListener?.("change", changed, { signal });
}

/** asking asks for consent, and returns a config whose consent is that answer. What fails is none. */
export function asking(c: Config): Config {
  const { consent, ...others } = c;
  if (!consent || c.peers === false) return others;
  const answer = new Promise<boolean>((tell) => tell(consent())).then((yes) => yes === true, () => false);
  return { ...others, consent: () => answer };
}
