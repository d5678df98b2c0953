/**
 * A name server for a small zone, over UDP on a TUN interface:
 *
 * ```sh
 * deno run --allow-ffi examples/dns.ts --address 10.7.0.2/24 --host 10.7.0.1/24
 * dig @10.7.0.2 www.example.test A
 * ```
 *
 * It answers A, AAAA and TXT questions of RFC 1035 and RFC 3596, one question a message, without compression
 * beyond the name asked for.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { DEFAULT_DEVICE, open, type PipelineShape } from "../mod.ts";

/** What is known of a name: addresses as text, and lines of text of at most 255 bytes. */
export interface Entry {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly txt?: readonly string[];
}

/** Names in lower case, without the dot at the end. */
export type Zone = Readonly<Record<string, Entry>>;

/** The zone of this example. */
export const ZONE: Zone = {
  "example.test": { a: ["192.0.2.1"], txt: ["woshou answers"] },
  "www.example.test": { a: ["192.0.2.80", "192.0.2.81"], aaaa: ["2001:db8::80"] },
  "six.example.test": { aaaa: ["2001:db8::6"] },
};

const HEADER_BYTES = 12;
const CLASS_IN = 1;
const TTL_SECONDS = 60;
const TYPE = { a: 1, txt: 16, aaaa: 28 } as const;
const FLAG = {
  response: 0x8000,
  opcode: 0x7800,
  authoritative: 0x0400,
  recursion: 0x0100,
} as const;
const CODE = { none: 0, format: 1, noName: 3, notImplemented: 4, refused: 5 } as const;
/** A name that is the one of the question, which stands right behind the header (section 4.1.4). */
const QUESTION_NAME = [0xc0, HEADER_BYTES];

/** The name at `at` in lower case, and where it ends; null when it is no plain name. */
function readName(query: Uint8Array, at: number): { name: string; end: number } | null {
  const labels: string[] = [];
  for (;;) {
    const length = query[at];
    if (length === undefined || length > 63 || at + 1 + length > query.length) return null;
    if (length === 0) return { name: labels.join(".").toLowerCase(), end: at + 1 };
    labels.push(String.fromCharCode(...query.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
}

function ipv6Bytes(text: string): number[] {
  const [head, tail] = text.split("::").map((part) =>
    part.split(":").filter((word) => word !== "")
  );
  const zeros = new Array(8 - head.length - (tail?.length ?? 0)).fill("0");
  return [...head, ...zeros, ...(tail ?? [])].flatMap((word) => {
    const value = parseInt(word, 16);
    return [value >>> 8, value & 255];
  });
}

function textBytes(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [bytes.length, ...bytes];
}

/** The data of the records of one type. */
function recordsOf(entry: Entry, type: number): number[][] {
  switch (type) {
    case TYPE.a:
      return (entry.a ?? []).map((address) => address.split(".").map(Number));
    case TYPE.aaaa:
      return (entry.aaaa ?? []).map(ipv6Bytes);
    case TYPE.txt:
      return (entry.txt ?? []).map(textBytes);
    default:
      return [];
  }
}

const be16 = (value: number) => [value >>> 8, value & 255];
const be32 = (value: number) => [...be16(value >>> 16), ...be16(value & 0xffff)];

/** The answer to a query, or null for what deserves none. */
export function answer(query: Uint8Array, zone: Zone): Uint8Array | null {
  if (query.length < HEADER_BYTES) return null;
  const view = new DataView(query.buffer, query.byteOffset, query.length);
  const flags = view.getUint16(2);
  if ((flags & FLAG.response) !== 0) return null;
  const reply = (code: number, question: Uint8Array, type: number, records: number[][]) => {
    const kept = FLAG.response | FLAG.authoritative | (flags & (FLAG.opcode | FLAG.recursion));
    const header = [...query.subarray(0, 2), ...be16(kept | code)];
    const counts = [...be16(question.length > 0 ? 1 : 0), ...be16(records.length), 0, 0, 0, 0];
    const answers = records.flatMap((data) => [
      ...QUESTION_NAME,
      ...be16(type),
      ...be16(CLASS_IN),
      ...be32(TTL_SECONDS),
      ...be16(data.length),
      ...data,
    ]);
    return Uint8Array.from([...header, ...counts, ...question, ...answers]);
  };
  const none = new Uint8Array(0);
  if ((flags & FLAG.opcode) !== 0) return reply(CODE.notImplemented, none, 0, []);
  const asked = view.getUint16(4) === 1 ? readName(query, HEADER_BYTES) : null;
  if (asked === null || asked.end + 4 > query.length) return reply(CODE.format, none, 0, []);
  const { name, end } = asked;
  const question = query.subarray(HEADER_BYTES, end + 4);
  if (view.getUint16(end + 2) !== CLASS_IN) return reply(CODE.refused, question, 0, []);
  const type = view.getUint16(end);
  if (!Object.hasOwn(zone, name)) return reply(CODE.noName, question, type, []);
  return reply(CODE.none, question, type, recordsOf(zone[name], type));
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, {
    string: ["device", "address", "host", "pipeline"],
    default: { device: DEFAULT_DEVICE, address: "10.7.0.2/24", host: "10.7.0.1/24" },
  });
  await using net = await open({
    device: String(flags.device),
    address: String(flags.address),
    hostAddress: String(flags.host),
    pipeline: flags.pipeline as PipelineShape | undefined,
  });
  const hostname = String(flags.address).includes(":") ? "::" : "0.0.0.0";
  const socket = net.listenDatagram({ transport: "udp", hostname, port: 53 });
  Deno.addSignalListener("SIGINT", () => socket.close());
  Deno.addSignalListener("SIGTERM", () => socket.close());
  console.log(`answering on ${net.addresses.join(", ")}, port 53`);
  for await (const [query, from] of socket) {
    const reply = answer(query, ZONE);
    if (reply !== null) await socket.send(reply, from);
  }
}
