/**
 * What the stack takes for granted and a browser does not have: shared memory (which pages without isolation
 * are denied) and Deno's error classes. The inline shape has one thread, so that plain memory does as well.
 */

/** What is missing here. */
interface Missing {
  SharedArrayBuffer?: unknown;
  Deno?: unknown;
}

const place = globalThis as unknown as Missing;
place.SharedArrayBuffer ??= ArrayBuffer;
place.Deno ??= {
  errors: new Proxy({}, { get: () => Error }),
  unrefTimer: () => {},
  refTimer: () => {},
};
