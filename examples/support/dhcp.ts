/**
 * The answers of a DHCP server (RFC 2131, options of RFC 2132) that has one address to give, as is enough for a link with
 * one client at its end.
 *
 * @module
 */

/** What a client is told. Addresses are IPv4 in dotted form. */
export interface Lease {
  /** The client's address. */
  readonly address: string;
  /** The server, which is on the same link. */
  readonly server: string;
  readonly netmask: string;
  readonly router: string;
  readonly nameServer: string;
  /** How long it may keep all that. */
  readonly seconds: number;
  /** What a client boots from that asks the network for it: a file's name or URL. */
  readonly bootFile?: string;
}

/** Where the fields of a message are (RFC 2131 section 2). */
const Field = {
  operation: 0,
  hops: 3,
  seconds: 8,
  clientAddress: 12,
  yourAddress: 16,
  serverAddress: 20,
  file: 108,
  cookie: 236,
  options: 240,
} as const;

const Operation = { request: 1, reply: 2 } as const;
const COOKIE = 0x6382_5363;
/** BOOTP's length, which some clients still want. */
const MIN_BYTES = 300;
const MAX_BYTES = 576;
const FILE_BYTES = 128;
/** What an answer repeats of a request: everything up to the end of the hardware address. */
const REPEATED_BYTES = 44;

const Option = {
  pad: 0,
  netmask: 1,
  router: 3,
  nameServer: 6,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  server: 54,
  bootFile: 67,
  end: 255,
} as const;

/** Kinds of messages (RFC 2132 section 9.6). */
export const DhcpType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

/** An answer, and whom to send it to. */
export interface DhcpAnswer {
  readonly message: Uint8Array<ArrayBuffer>;
  /** The client's address when it has one already, or all (RFC 2131 section 4.1). */
  readonly to: string;
}

/** Answers what a client says; null for what is no message of a client, or needs no answer. */
export function answerDhcp(request: Uint8Array, lease: Lease): DhcpAnswer | null {
  const options = readOptions(request);
  const asked = options?.get(Option.messageType)?.[0];
  if (options === null || asked === undefined) return null;
  const server = options.get(Option.server);
  // What another server has offered was taken.
  if (server !== undefined && addressText(server) !== lease.server) return null;
  const current = addressText(request.subarray(Field.clientAddress, Field.clientAddress + 4));
  const to = current === NO_ADDRESS ? EVERYBODY : current;
  const answer = (type: number, address: string) => write(request, lease, type, address);
  switch (asked) {
    case DhcpType.discover:
      return { message: answer(DhcpType.offer, lease.address), to: EVERYBODY };
    case DhcpType.request: {
      const wanted = options.get(Option.requestedAddress);
      const address = wanted === undefined ? current : addressText(wanted);
      return address === lease.address
        ? { message: answer(DhcpType.ack, lease.address), to }
        : { message: answer(DhcpType.nak, NO_ADDRESS), to: EVERYBODY };
    }
    case DhcpType.inform:
      return { message: answer(DhcpType.ack, NO_ADDRESS), to };
    default:
      return null;
  }
}

const NO_ADDRESS = "0.0.0.0";
const EVERYBODY = "255.255.255.255";

/** The options by their codes; null for what is no message of a client. */
function readOptions(message: Uint8Array): Map<number, Uint8Array> | null {
  if (message.length < Field.options || message[Field.operation] !== Operation.request) return null;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  if (view.getUint32(Field.cookie) !== COOKIE) return null;
  const options = new Map<number, Uint8Array>();
  for (let at: number = Field.options; at < message.length && message[at] !== Option.end;) {
    if (message[at] === Option.pad) {
      at++;
      continue;
    }
    const start = at + 2;
    const end = start + message[at + 1];
    // Cut off: what is missing might be what matters.
    if (!(end <= message.length)) return null;
    options.set(message[at], message.subarray(start, end));
    at = end;
  }
  return options;
}

function write(
  request: Uint8Array,
  lease: Lease,
  type: number,
  address: string,
): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(MAX_BYTES);
  const view = new DataView(message.buffer);
  message.set(request.subarray(0, REPEATED_BYTES));
  message[Field.operation] = Operation.reply;
  message[Field.hops] = 0;
  view.setUint16(Field.seconds, 0);
  message.set(addressBytes(address), Field.yourAddress);
  view.setUint32(Field.cookie, COOKIE);
  let at = Field.options;
  const put = (code: number, bytes: Uint8Array | readonly number[]) => {
    message.set([code, bytes.length], at);
    message.set(bytes, at + 2);
    at += 2 + bytes.length;
  };
  put(Option.messageType, [type]);
  put(Option.server, addressBytes(lease.server));
  if (type !== DhcpType.nak) {
    message.set(addressBytes(lease.server), Field.serverAddress);
    if (address !== NO_ADDRESS) put(Option.leaseTime, uint32(lease.seconds));
    put(Option.netmask, addressBytes(lease.netmask));
    put(Option.router, addressBytes(lease.router));
    put(Option.nameServer, addressBytes(lease.nameServer));
    if (lease.bootFile !== undefined) {
      const name = new TextEncoder().encode(lease.bootFile);
      if (name.length >= FILE_BYTES) {
        throw new RangeError(
          `bootFile: "${lease.bootFile}" is longer than ${FILE_BYTES - 1} bytes`,
        );
      }
      message.set(name, Field.file);
      put(Option.bootFile, name);
    }
  }
  message[at++] = Option.end;
  return message.slice(0, Math.max(at, MIN_BYTES));
}

function addressText(bytes: Uint8Array): string {
  return bytes.join(".");
}

function addressBytes(text: string): number[] {
  return text.split(".").map(Number);
}

function uint32(value: number): number[] {
  return [value >>> 24, value >>> 16, value >>> 8, value].map((byte) => byte & 0xff);
}
