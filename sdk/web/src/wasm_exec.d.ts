/** The Go distribution's lib/wasm/wasm_exec.js, which the bundle takes from the Go that builds the engine (tools/sdkbuild). */
declare module "wasm_exec" {
  /** How Go's runtime reaches the page. */
  export interface Go {
    readonly importObject: WebAssembly.Imports;
    readonly exited: boolean;
    exit: (code: number) => void;
    run(instance: WebAssembly.Instance): Promise<void>;
    _resume(): void;
  }
  /** Makes one; print gets what the program writes, which is the trace of a panic. */
  export function newGo(print: (text: string) => void): Go;
}
