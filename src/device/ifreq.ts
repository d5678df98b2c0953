/**
 * `struct ifreq` of the interface ioctls, netdevice(7).
 *
 * ```text
 *   0                16                       40
 *   | name, zero-    | a union: flags (i16),  |
 *   | terminated     | mtu or index (i32) ... |
 * ```
 */
const IFREQ_BYTES = 40;

/** Bytes of an interface's name, the terminating zero included. */
export const IFNAMSIZ = 16;

/** Where the union begins. */
export const IFREQ_UNION = 16;

/** A request about the interface of that name, with the rest zero. */
export function interfaceRequest(name: string): Uint8Array<ArrayBuffer> {
  const request = new Uint8Array(new ArrayBuffer(IFREQ_BYTES));
  request.set(new TextEncoder().encode(name).subarray(0, IFNAMSIZ - 1));
  return request;
}

/** The name that stands in a request: the kernel writes there which one it chose. */
export function interfaceRequestName(request: Uint8Array): string {
  const end = request.indexOf(0);
  return new TextDecoder().decode(request.subarray(0, end < 0 ? IFNAMSIZ - 1 : end));
}
