import { assertEquals, assertRejects } from "@std/assert";
import { honeypot, type Visit } from "../../examples/honeypot.ts";
import { openTwo, until, untilEmpty, writeAll } from "../net/worlds.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

Deno.test("honeypot: every address and port of its subnet answers, slowly, and tells of its visitors", async () => {
  const [client, net] = await openTwo({ synRetries: 0, rtoInitialMs: 50 });
  const visits: Visit[] = [];
  const options = { subnets: ["192.0.2.0/24"], banner: "SSH-", everyMs: 1, most: 2, firstBytes: 8 };
  honeypot(net, options, (visit) => visits.push(visit));
  const one = await client.connect({ hostname: "192.0.2.1", port: 22 });
  const two = await client.connect({ hostname: "192.0.2.254", port: 65_535 });
  // Beyond its most, and beyond its subnet, nobody answers.
  for (const hostname of ["192.0.2.3", "198.51.100.1"]) {
    await assertRejects(() => client.connect({ hostname, port: 22 }), Deno.errors.TimedOut);
  }
  await writeAll(one, encoder.encode("GET / HTTP/1.1\r\n"));
  let heard = "";
  const buffer = new Uint8Array(64);
  while (heard.length < 8) heard += decoder.decode(buffer.subarray(0, (await one.read(buffer))!));
  assertEquals(heard.slice(0, 8), "SSH-SSH-");
  one.close();
  two.abort();
  await until(() => visits.length === 2, "both visits are over");
  const [of1, of2] = visits.toSorted((a, b) => b.bytesIn - a.bytesIn);
  assertEquals([of1.to, of1.bytesIn, of1.first], ["192.0.2.1:22", 16, "GET / HT"]);
  assertEquals([of2.to, of2.bytesIn, of2.first], ["192.0.2.254:65535", 0, ""]);
  await untilEmpty(net);
  await Promise.all([client.close(), net.close()]);
});
