// Flows to foreign destinations, with the kernel as the peer.
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { TcpFlow } from "../../mod.ts";
import { receiveSeeded, sendSeeded } from "../support/payload.ts";
import { runWell, until } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { HOST6, openStack } from "../support/stack.ts";

const SEED = 17;
const LENGTH = 50_000;
const FOREIGN = ["203.0.113.5", "2001:db8::5"];
const CONNECTIONS = 20;

const SHAPES = [
  { pipeline: "split", queues: 1 },
  { pipeline: "split", queues: 2 },
  { pipeline: "fused", queues: 1 },
  { pipeline: "inline", queues: 1 },
] as const;

for (const { pipeline, queues } of SHAPES) {
  testNeeding(
    { tun: true },
    `e2e: flows whose peers a cookie has connected (${pipeline}, queues: ${queues})`,
    async () => {
      // Goal: the kernel's data, which comes before anybody has decided, is not lost, and a rejection is heard.
      await using net = await openStack({ device: "wsfwd0", pipeline, queues });
      for (const network of ["203.0.113.0/24", "2001:db8::/64"]) {
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
      for (const hostname of FOREIGN) {
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
      const flows = FOREIGN.length * (CONNECTIONS + 1);
      assertEquals([received.length, counters.flowsRejected], [flows - FOREIGN.length, 2]);
      // A segment that is late may bring the same cookie back once more.
      assert(counters.synCookiesReceived >= flows, `${counters.synCookiesReceived} cookies`);
      assertEquals([counters.synCookiesFailed, drops.tcpNoConnection], [0, undefined]);
    },
  );
}
