import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { addressText, parseCidr } from "../../src/base/address.ts";
import { memoryPair, open } from "../../mod.ts";
import { parseRoutes, Routes } from "../../src/net/routes.ts";
import { addressOf } from "../wire/frames.ts";

function routes(own: string[], given?: string[]): Routes {
  return new Routes(own.map((text) => parseCidr(text, "address")), parseRoutes(given));
}

function from(table: Routes, destination: string, isGroup = false): string {
  return addressText(table.sourceFor(addressOf(destination), destination, isGroup));
}

Deno.test("routes: without the option everything leads to the device", () => {
  const table = routes(["10.7.0.2/24", "fd07::2/64"]);
  assertEquals(from(table, "192.0.2.1"), "10.7.0.2");
  assertEquals(from(table, "2001:db8::1"), "fd07::2");
});

Deno.test("routes: what is in none of them is unreachable", () => {
  // Goal: own networks and groups always lead to the device, and the message names what there is.
  const table = routes(["10.7.0.2/24", "fd07::2/64"], ["192.0.2.0/24"]);
  assertEquals(from(table, "192.0.2.255"), "10.7.0.2");
  assertEquals(from(table, "10.7.0.99"), "10.7.0.2");
  assertEquals(from(table, "fd07::9"), "fd07::2");
  assertEquals(from(table, "224.0.0.1", true), "10.7.0.2");
  const { NetworkUnreachable } = Deno.errors;
  assertThrows(() => from(table, "192.0.3.1"), NetworkUnreachable, "192.0.2.0/24");
  assertThrows(() => from(table, "2001:db8::1"), NetworkUnreachable, "2001:db8::1");
  assertThrows(() => from(routes(["10.7.0.2/24"], []), "1.1.1.1"), NetworkUnreachable, "none");
  assertThrows(() => from(routes(["10.7.0.2/24"]), "::2"), NetworkUnreachable, "no IPv6 address");
});

Deno.test("routes: what is no prefix is refused by name", () => {
  assertThrows(() => parseRoutes(["10.0.0.0/33"]), RangeError, "routes");
  assertThrows(() => parseRoutes("nowhere"), TypeError, "routes");
  assertThrows(() => parseRoutes([1 as unknown as string]), TypeError, "routes");
  assertThrows(() => parseRoutes(1 as unknown as string), TypeError, "routes");
});

Deno.test("routes: connect, ping and send keep to them", async () => {
  const [near, far] = memoryPair();
  await using net = await open({ device: near, address: "10.7.0.2/24", routes: ["10.8.0.0/16"] });
  const { NetworkUnreachable } = Deno.errors;
  const socket = net.listenDatagram({ transport: "udp", port: 0, hostname: "0.0.0.0" });
  const bytes = new Uint8Array(1);
  for (const hostname of ["10.9.0.1", "8.8.8.8"]) {
    await assertRejects(() => net.connect({ hostname, port: 7 }), NetworkUnreachable, hostname);
    await assertRejects(() => net.ping(hostname), NetworkUnreachable, hostname);
    const to = { transport: "udp", hostname, port: 7 } as const;
    await assertRejects(() => socket.send(bytes, to), NetworkUnreachable, hostname);
  }
  const to = { transport: "udp", hostname: "10.8.1.1", port: 7 } as const;
  assertEquals(await socket.send(bytes, to), 1);
  socket.close();
  far.close();
});
