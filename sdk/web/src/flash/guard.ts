/** guard has what a page fetches end where it breaks off: Ruffle (0.6.0) reads on without end otherwise, so that the page hangs. */

/**
 * guard watches over window.fetch. Of URLs for which watch returns something, bytes that break off are an end, and that is called then;
 * all others are as they were.
 */
export function guard(watch: (url: string) => (() => void) | undefined): void {
  const plain = window.fetch;
  window.fetch = async (...request) => {
    const answer = await plain.apply(window, request);
    const cut = answer.body ? watch(answer.url) : undefined;
    return cut ? new Response(whole(answer.body!.getReader(), cut), answer) : answer;
  };
}

/** played tells whether a URL is what a SWF plays by a server or a local proxy. */
export function played(url: string): boolean {
  return /[?&](superp2p_)?session=[0-9A-Za-z]{16,64}(&|$)/.test(url);
}

function whole(reader: ReadableStreamDefaultReader<Uint8Array>, cut: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (to) => {
        try {
          const { value, done } = await reader.read();
          if (done) to.close();
          else to.enqueue(value);
        } catch {
          cut();
          to.close();
        }
      },
      cancel: (why) => reader.cancel(why),
    },
    { highWaterMark: 0 },
  );
}
