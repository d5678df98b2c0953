/**
 * The body of a `Response` that was made of a text or of bytes. The platform gives bodies as streams only, and to
 * make a stream and read it costs more than everything else that a small response needs. It keeps such a body as it
 * is behind a symbol; where that is, a probe finds out. Where none is found, the answer is always `undefined`, and
 * the body is read as a stream.
 */

const PROBE = "probe";

type Body = string | Uint8Array;

/** The symbol behind which a plain response keeps its text itself. */
const plain = Object.getOwnPropertySymbols(new Response(PROBE))
  .find((symbol) => Reflect.get(new Response(PROBE), symbol) === PROBE);

/** The symbol behind which any other keeps an object that has the body in it. */
const inner = Object.getOwnPropertySymbols(new Response(PROBE, { status: 201 }))
  .find((symbol) => insideOf(new Response(PROBE, { status: 201 }), symbol) === PROBE);

/** A text or bytes, null for no body, `undefined` for what has to be read as a stream. */
export function staticBody(response: Response): Body | null | undefined {
  if (response.bodyUsed) return undefined;
  if (plain !== undefined) {
    const body = Reflect.get(response, plain);
    if (isBody(body)) return body;
  }
  return inner === undefined ? undefined : insideOf(response, inner);
}

function insideOf(response: Response, symbol: symbol): Body | null | undefined {
  const holder = Reflect.get(response, symbol);
  if (!isObject(holder) || !("body" in holder)) return undefined;
  const { body } = holder;
  if (body === null) return null;
  if (!isObject(body) || !("streamOrStatic" in body)) return undefined;
  const { streamOrStatic } = body;
  if (!isObject(streamOrStatic) || !("body" in streamOrStatic)) return undefined;
  return isBody(streamOrStatic.body) ? streamOrStatic.body : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isBody(value: unknown): value is Body {
  return typeof value === "string" || value instanceof Uint8Array;
}
