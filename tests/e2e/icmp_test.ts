// ICMP with the programs that people have: the kernel's ping and Debian's traceroute, and pings the other way round.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { makeNamespace, runIn } from "../support/namespace.ts";
import { runWell, until } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { FAMILY_PLACES, openStack, STACK, STACK6 } from "../support/stack.ts";
import { TraceKind, type TraceRecord } from "../../src/pipeline/trace_ring.ts";
import { TraceLines } from "../../src/trace/lines.ts";

const FAR6 = "fd99::2";

for (const shape of ["split", "fused", "inline"] as const) {
  testNeeding(
    { tun: true, programs: ["ping"] },
    `e2e of ICMP: the kernel and the stack ping each other, in fragments too (${shape})`,
    async () => {
      await using net = await openStack({ device: "wsicmp0", pipeline: shape });
      for (const { name, stack, host } of FAMILY_PLACES) {
        const ping = (...what: string[]) =>
          runWell("ping", ["-n", "-q", "-c", "1", "-W", "2", ...what, stack]);
        // The kernel's address of IPv6 is its own only after a while.
        await until("the first ping is answered", () => ping().then(() => true, () => false));
        for (const size of ["0", "1472", "3000", "65000"]) {
          const text = await ping("-s", size);
          assert(text.includes(" 0% packet loss"), `${name}, ${size} bytes: ${text}`);
        }
        for (const size of [0, 56, 1473, 3000, 65_000]) {
          const reply = await net.ping(host, { size });
          assertEquals([reply.address, reply.size, reply.hopLimit], [host, size, 64]);
          assert(reply.rtt >= 0 && reply.rtt < 5000, `${reply.rtt} ms`);
        }
      }
      const { counters, drops } = net.stats();
      assert(counters.packetsReassembled >= 8, `${counters.packetsReassembled} packets`);
      assertEquals([counters.fragmentMemoryNow, counters.pingsAnswered], [0, 10]);
      assertEquals(Object.keys(drops).filter((name) => name.startsWith("ipFragment")), []);
    },
  );
}

for (const shape of ["split", "fused"] as const) {
  testNeeding(
    { tun: true },
    `e2e of fragments: datagrams of any length reach the stack and come back (${shape})`,
    async () => {
      await using net = await openStack({ device: "wsfrag0", pipeline: shape });
      const socket = net.listenDatagram({ transport: "udp", hostname: "::", port: 7 });
      const echoing = (async () => {
        for await (const [bytes, from] of socket) await socket.send(bytes, from);
      })();
      for (const { stack, host } of FAMILY_PLACES) {
        await until("a short one comes back", () => net.ping(host).then(() => true, () => false));
        const kernel = Deno.listenDatagram({ transport: "udp", hostname: host, port: 0 });
        for (const length of [1472, 1473, 9000, 65_507]) {
          const sent = Uint8Array.from({ length }, (_, i) => (i * 31) ^ (i >> 8));
          await kernel.send(sent, { transport: "udp", hostname: stack, port: 7 });
          const [received] = await kernel.receive(new Uint8Array(65_535));
          assertEquals(received, sent);
        }
        kernel.close();
      }
      socket.close();
      await echoing;
      const { counters } = net.stats();
      assertEquals([counters.packetsReassembled >= 6, counters.fragmentMemoryNow], [true, 0]);
    },
  );
}

/** A namespace behind the kernel, which forwards between it and the stack. */
async function farNamespace() {
  const far = await makeNamespace();
  await runWell("ip", ["addr", "add", "fd99::1/64", "dev", far.near.device, "nodad"]);
  await runIn(far, "ip", "addr", "add", `${FAR6}/64`, "dev", far.far.device, "nodad");
  await runIn(far, "ip", "route", "add", "10.7.0.0/24", "via", far.near.address);
  await runIn(far, "ip", "route", "add", "fd07::/64", "via", "fd99::1");
  Deno.writeTextFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  return far;
}

for (const shape of ["split", "fused"] as const) {
  testNeeding(
    { tun: true, programs: ["traceroute"] },
    `e2e of ICMP: traceroute ends at the stack (${shape})`,
    async () => {
      // Goal: port unreachable and echo replies are understood, over a router, in both families.
      await using _net = await openStack({ device: "wsicmp1", pipeline: shape });
      await using far = await farNamespace();
      for (const stack of [STACK, STACK6]) {
        for (const mode of ["-U", "-I"]) {
          const trace = async () => {
            const options = [
              "-n",
              "-w",
              "2",
              "-m",
              "5",
              "-q",
              "2",
              ...(mode === "-I" ? ["-I"] : []),
            ];
            const text = await runIn(far, "traceroute", ...options, stack);
            return text.trim().split("\n").slice(1);
          };
          let hops: string[] = [];
          await until(`traceroute ${mode} ${stack}`, async () => {
            hops = await trace();
            return hops.length === 2 && hops[1].includes(stack) && !hops[1].includes("*");
          }, () => hops);
          assert(!hops[1].includes("!"), hops[1]);
        }
      }
    },
  );
}

testNeeding(
  { tun: true },
  "e2e of ICMP: what routers say about pings is heard",
  async () => {
    // Goal: time exceeded, and fragments after a router has asked for smaller packets.
    await using net = await openStack({ device: "wsicmp2", pipeline: "fused" });
    await using far = await farNamespace();
    await runWell("ip", ["link", "set", far.near.device, "mtu", "1300"]);
    await runIn(far, "ip", "link", "set", far.far.device, "mtu", "1300");
    for (const hostname of [far.far.address, FAR6]) {
      await until("the far end answers", () => net.ping(hostname).then(() => true, () => false));
      await assertRejects(
        () => net.ping(hostname, { hopLimit: 1 }),
        Deno.errors.NetworkUnreachable,
        "time to live exceeded",
      );
      await assertRejects(
        () => net.ping(hostname, { size: 1400 }),
        Deno.errors.NetworkUnreachable,
        "too long for the path",
      );
      const reply = await net.ping(hostname, { size: 1400 });
      assertEquals([reply.address, reply.hopLimit], [hostname, 63]);
    }
    await assertRejects(
      () => net.ping("10.7.0.99", { timeout: 200 }),
      Deno.errors.TimedOut,
      "10.7.0.99",
    );
  },
);

/**
 * What tcpdump prints of the ICMP messages on a device, without the time. In the namespace of the tests it may not become
 * the user that it wants to be, so dumpcap captures for it.
 */
class Tcpdump implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #dumpcap: Deno.ChildProcess;
  readonly #tcpdump: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;

  constructor(device: string) {
    // What goes to groups is the kernel's talk with routers and neighbours, which the stack does not take in.
    const filter = "(icmp or icmp6) and not ip6 multicast and not ip multicast";
    this.#dumpcap = new Deno.Command("dumpcap", {
      args: ["-q", "-i", device, "-f", filter, "-w", "-"],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#tcpdump = new Deno.Command("unshare", {
      args: ["-U", "tcpdump", "-n", "-t", "-l", "-r", "-"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const passing = this.#dumpcap.stdout.pipeTo(this.#tcpdump.stdin);
    this.#reading = Promise.all([passing, this.#read()]);
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#tcpdump.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.lines.push(...lines);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dumpcap.kill("SIGINT");
    await this.#reading;
    await Promise.all([this.#dumpcap.status, this.#tcpdump.status]);
  }
}

for (const shape of ["split", "fused", "inline"] as const) {
  testNeeding(
    { tun: true, programs: ["ping", "tcpdump", "dumpcap", "unshare"] },
    `e2e of ICMP: the trace says of every message what tcpdump says (${shape})`,
    async () => {
      const lines = new TraceLines("modern");
      const traced: string[] = [];
      const trace = (record: TraceRecord) => {
        if (record.kind !== TraceKind.icmpIn && record.kind !== TraceKind.icmpOut) return;
        traced.push(lines.line(record)!.replace(/^\S+ /, ""));
      };
      await using net = await openStack({ device: "wsicmp3", pipeline: shape, trace });
      using _forward = net.forward({ transport: "tcp" }, (flow) => flow.reject("prohibited"));
      await using tcpdump = new Tcpdump("wsicmp3");
      for (const { stack, host } of FAMILY_PLACES) {
        const ping = (...what: string[]) =>
          runWell("ping", ["-n", "-q", "-c", "1", "-W", "1", ...what, stack]);
        // The capture begins after a while, and so does the kernel's address of IPv6.
        await until("tcpdump sees a ping answered", async () => {
          const answered = await ping().then(() => true, () => false);
          return answered && tcpdump.lines.some((line) => line.includes(`${stack} > ${host}`));
        });
        for (const size of ["0", "1400"]) await ping("-s", size);
        await net.ping(host, { size: 1000 });
        // Nobody listens on the stack's port, nor on the kernel's.
        const options = { transport: "udp", hostname: host, port: 0 } as const;
        const kernel = Deno.listenDatagram(options);
        await kernel.send(new Uint8Array(9), { transport: "udp", hostname: stack, port: 5555 });
        kernel.close();
        using own = net.listenDatagram({ transport: "udp", hostname: stack, port: 5556 });
        await own.send(new Uint8Array(700), { transport: "udp", hostname: host, port: 5557 });
        const last = (text: string) => (line: string) => line.includes(text);
        await until(
          "both ports are said to be unreachable",
          () => ["port 5555", "port 5557"].every((port) => tcpdump.lines.some(last(port))),
        );
      }
      await runWell("ip", ["route", "add", "203.0.113.0/24", "dev", "wsicmp3"]);
      await runWell("ip", ["route", "add", "2001:db8::/64", "dev", "wsicmp3"]);
      for (const hostname of ["203.0.113.5", "2001:db8::5"]) {
        await assertRejects(() => Deno.connect({ hostname, port: 80 }));
      }
      const isLast = (line: string) => line.includes("prohibited 2001:db8::5");
      const areDone = () => tcpdump.lines.some(isLast) && traced.some(isLast);
      await until("the last one is seen by both", areDone, () => [tcpdump.lines, traced]);
      // What was there before the capture began is in the trace alone.
      const shared = traced.slice(-tcpdump.lines.length);
      assertEquals(shared.toSorted(), tcpdump.lines.toSorted());
      assert(shared.length >= 20, shared.join("\n"));
    },
  );
}
