// Flows to foreign destinations, with the kernel as the peer.
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { TcpFlow } from "../../mod.ts";
import { receiveSeeded, sendSeeded } from "../support/payload.ts";
import { runWell, until } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { HOST6, openStack } from "../support/stack.ts";

const SEED = 17;
const LENGTH = 50_000;
const CONNECTIONS = 20;

const SHAPES = [
  { pipeline: "split", queues: 1 },
  { pipeline: "split", queues: 2 },
  { pipeline: "fused", queues: 1 },
  { pipeline: "inline", queues: 1 },
] as const;

for (const [number, { pipeline, queues }] of SHAPES.entries()) {
  // Of its own: what the kernel's sockets of another shape's test send again has no route to this one's stack.
  const networks = [`203.0.113.${16 * number}/28`, `2001:db8:0:${number}::/64`];
  const foreign = [`203.0.113.${16 * number + 5}`, `2001:db8:0:${number}::5`];
  testNeeding(
    { tun: true },
    `e2e: flows whose peers a cookie has connected (${pipeline}, queues: ${queues})`,
    async () => {
      // Goal: the kernel's data, which comes before anybody has decided, is not lost, and a rejection is heard.
      await using net = await openStack({ device: "wsfwd0", pipeline, queues });
      for (const network of networks) {
        await runWell("ip", ["route", "add", network, "dev", "wsfwd0"]);
      }
      await until(
        "the address of IPv6 is usable",
        () => net.ping(HOST6).then(() => true, () => false),
      );
      const received: Promise<void>[] = [];
      const handle = async (flow: TcpFlow) => {
        if (flow.localAddr.port === 81) return flow.reject("host");
        const conn = await flow.accept();
        received.push(receiveSeeded(conn, SEED, LENGTH).then(() => conn.close()));
      };
      using _forward = net.forward({ transport: "tcp", synCookies: "always" }, handle);
      for (const hostname of foreign) {
        const sending = Array.from({ length: CONNECTIONS }, async () => {
          const conn = await Deno.connect({ hostname, port: 80 });
          await sendSeeded(conn, SEED, LENGTH);
          assertEquals(await conn.read(new Uint8Array(1)), null);
          conn.close();
        });
        await Promise.all(sending);
        // The RST may be here before the kernel has said that it is connected.
        const reading = async () => {
          using rejected = await Deno.connect({ hostname, port: 81 });
          await rejected.read(new Uint8Array(1));
        };
        await assertRejects(reading, Deno.errors.ConnectionReset);
      }
      await Promise.all(received);
      const { counters, drops } = net.stats();
      const flows = foreign.length * (CONNECTIONS + 1);
      assertEquals([received.length, counters.flowsRejected], [flows - foreign.length, 2]);
      // A segment that is late may bring the same cookie back once more.
      assert(counters.synCookiesReceived >= flows, `${counters.synCookiesReceived} cookies`);
      assertEquals([counters.synCookiesFailed, drops.tcpNoConnection], [0, undefined]);
    },
  );
}
