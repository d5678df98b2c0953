// examples/support/dhcp.ts: each message of a client, and what is none. The kernel's and QEMU's clients try it in emulator_test.ts.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { answerDhcp, DhcpType, type Lease } from "../../examples/support/dhcp.ts";

const LEASE: Lease = {
  address: "10.0.2.15",
  server: "10.0.2.1",
  netmask: "255.255.255.0",
  router: "10.0.2.1",
  nameServer: "10.0.2.3",
  seconds: 86_400,
};
const COOKIE = [0x63, 0x82, 0x53, 0x63];
const MAC = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

/** A message of a client: an Ethernet station with transaction 1, 2, 3, 4 that wants answers broadcast. */
function request(
  options: readonly (readonly [code: number, ...bytes: number[]])[],
  current = [0, 0, 0, 0],
): Uint8Array {
  const head = [1, 1, 6, 1, 1, 2, 3, 4, 0, 9, 0x80, 0, ...current];
  const message = new Uint8Array(240);
  message.set([...head, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 9, ...MAC]);
  message.set(COOKIE, 236);
  const list = options.flatMap(([code, ...bytes]) => [code, bytes.length, ...bytes]);
  return new Uint8Array([...message, 0, 0, ...list, 255]);
}

/** What an answer says: the fields that change, and its options. */
function told(message: Uint8Array) {
  const options: Record<number, string> = {};
  for (let at = 240; message[at] !== 255; at += 2 + message[at + 1]) {
    options[message[at]] = message.subarray(at + 2, at + 2 + message[at + 1]).join(".");
  }
  const address = (at: number) => message.subarray(at, at + 4).join(".");
  return { type: Number(options[53]), yours: address(16), server: address(20), options };
}

const GIVEN = { 1: "255.255.255.0", 3: "10.0.2.1", 6: "10.0.2.3", 54: "10.0.2.1" };

Deno.test("dhcp: an offer and an acknowledgment repeat who asks, and give everything", () => {
  const cases = [
    [request([[53, DhcpType.discover]]), DhcpType.offer],
    [request([[53, DhcpType.request], [50, 10, 0, 2, 15], [54, 10, 0, 2, 1]]), DhcpType.ack],
  ] as const;
  for (const [message, type] of cases) {
    const answer = answerDhcp(message, LEASE)!;
    assertEquals(answer.to, "255.255.255.255");
    assert(answer.message.length >= 300, "as long as BOOTP's, for old clients");
    const repeated = [2, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0x80, 0];
    assertEquals([...answer.message.subarray(0, 12)], repeated);
    assertEquals([...answer.message.subarray(24, 34)], [10, 0, 0, 9, ...MAC]);
    assertEquals([...answer.message.subarray(236, 240)], COOKIE);
    assertEquals(told(answer.message), {
      ...{ type, yours: "10.0.2.15", server: "10.0.2.1" },
      options: { ...GIVEN, 51: "0.1.81.128", 53: String(type) },
    });
  }
});

Deno.test("dhcp: who has an address is answered there; another address is refused", () => {
  const own = [10, 0, 2, 15];
  const renewal = answerDhcp(request([[53, DhcpType.request]], own), LEASE)!;
  assertEquals([renewal.to, told(renewal.message).type], ["10.0.2.15", DhcpType.ack]);
  const informed = answerDhcp(request([[53, DhcpType.inform]], own), LEASE)!;
  const { type, yours, options } = told(informed.message);
  assertEquals([informed.to, type, yours], ["10.0.2.15", DhcpType.ack, "0.0.0.0"]);
  assertEquals(options, { ...GIVEN, 53: String(DhcpType.ack) }, "no time: it gives no address");
  const wrong = [
    request([[53, DhcpType.request], [50, 10, 0, 2, 16]]),
    request([[53, DhcpType.request]], [10, 0, 9, 9]),
  ];
  for (const message of wrong) {
    const answer = answerDhcp(message, LEASE)!;
    assertEquals(answer.to, "255.255.255.255", "where it believes to be it may not be heard");
    const said = told(answer.message);
    assertEquals([said.type, said.yours, said.server], [DhcpType.nak, "0.0.0.0", "0.0.0.0"]);
    assertEquals(said.options, { 53: String(DhcpType.nak), 54: "10.0.2.1" });
  }
});

Deno.test("dhcp: what a guest boots is told twice, for old clients and new ones", () => {
  const bootFile = "http://10.0.2.2/boot.ipxe";
  const { message } = answerDhcp(request([[53, DhcpType.discover]]), { ...LEASE, bootFile })!;
  const bytes = [...new TextEncoder().encode(bootFile)];
  assertEquals([...message.subarray(108, 108 + bytes.length + 1)], [...bytes, 0]);
  assertEquals(told(message).options[67], bytes.join("."));
  const long = { ...LEASE, bootFile: "x".repeat(128) };
  assertThrows(() => answerDhcp(request([[53, DhcpType.discover]]), long), RangeError, "127 bytes");
});

Deno.test("dhcp: what needs no answer, or is no message, gets none", () => {
  const other = [10, 0, 2, 7] as const;
  const discover = request([[53, DhcpType.discover]]);
  const silent: Record<string, Uint8Array> = {
    release: request([[53, DhcpType.release]]),
    decline: request([[53, DhcpType.decline]]),
    "another server's": request([[53, DhcpType.request], [50, ...other], [54, ...other]]),
    "an answer": discover.with(0, 2),
    "no cookie": discover.with(236, 0),
    "BOOTP, without a type": request([[50, ...other]]),
    empty: new Uint8Array(0),
  };
  for (const [what, message] of Object.entries(silent)) {
    assertEquals(answerDhcp(message, LEASE), null, what);
  }
  // Cut off anywhere but behind the last option: no answer, and no failure.
  for (let length = 0; length < discover.length - 1; length++) {
    assertEquals(answerDhcp(discover.subarray(0, length), LEASE), null, String(length));
  }
});
