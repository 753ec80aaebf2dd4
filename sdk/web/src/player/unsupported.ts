/** What has no meaning in a page, but is there: it says so, or has its documented value. */
import { Fault } from "../fault";
import { Settings } from "./settings";

const notSupported = (what: string): Fault => new Fault("not_supported", what);

/** Unsupported are the members of NetStream that only Flash's own class acts on, and its constants. */
export class Unsupported extends Settings {
  static readonly CONNECT_TO_FMS = "connectToFMS";
  static readonly DIRECT_CONNECTIONS = "directConnections";
  static readonly RESET_BEGIN = "resetBegin";
  static readonly RESET_SEEK = "resetSeek";
  static readonly END_SEQUENCE = "endSequence";

  /** resetDRMVouchers throws not_supported: nothing here is protected by Flash Access. */
  static resetDRMVouchers(): never {
    throw notSupported("nothing here is protected by Flash Access; leave resetDRMVouchers out");
  }

  /** publish throws not_supported: a page has no encoder here. */
  publish(_name?: string | null, _type?: string): never {
    throw notSupported("a page publishes nothing here; publish from an encoder to the server's RTMP port");
  }

  /** send throws not_supported: what does not publish cannot send. */
  send(_handler: string, ..._values: unknown[]): never {
    throw notSupported("a page publishes nothing here, so that it cannot send either");
  }

  attachAudio(_microphone: unknown): never {
    throw notSupported("a page publishes nothing here; leave attachAudio out");
  }

  attachCamera(_camera: unknown, _snapshot = -1): never {
    throw notSupported("a page publishes nothing here; leave attachCamera out");
  }

  /** "": peers prove what they send, and nonces are those of their connections. */
  get farNonce(): string {
    return "";
  }

  get nearNonce(): string {
    return "";
  }
}
