// UDP with the programs that people have, and over a way that takes less than the link.
import { assert, assertEquals } from "@std/assert";
import { makeNamespace, runIn } from "../support/namespace.ts";
import { runWell, until } from "../support/process.ts";
import { seededBytes } from "../support/payload.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";
import { FAMILY_PLACES, openStack, STACK, STACK6 } from "../support/stack.ts";

const SEED = 53;
const DNS = new URL("../../examples/dns.ts", import.meta.url).pathname;

for (const shape of ["split", "fused", "inline"]) {
  for (const { name, stack, host, urlHost, length } of FAMILY_PLACES) {
    testNeeding(
      { tun: true, programs: ["socat", "nc"] },
      `e2e of UDP: socat and nc get their datagrams back (${name}, ${shape})`,
      async () => {
        const own = name === "IPv4" ? [] : ["--address", `${stack}/${length}`];
        const kernel = name === "IPv4" ? [] : ["--host", `${host}/${length}`];
        await using server = await ServerProcess.start(["--pipeline", shape, ...own, ...kernel]);
        const text = new TextDecoder().decode(seededBytes(SEED, 1000).map((b) => 97 + b % 26));
        const family = name === "IPv4" ? "UDP4" : "UDP6";
        // The first may go out before the kernel's address of IPv6 is its own.
        await until("socat hears its echo", async () => {
          const args = ["-t", "1", "-", `${family}:${urlHost}:7`];
          return await runWell("socat", args, { input: text }) === text;
        });
        await until("nc hears its echo", async () => {
          const args = ["-u", "-w", "1", stack, "7"];
          return await runWell("nc", args, { input: "hello\n" }) === "hello\n";
        });
        assertEquals(await runWell("nc", ["-u", "-w", "1", stack, "9"], { input: "x" }), "");
        const { code, stderr } = await server.stop("SIGTERM");
        assertEquals([code, stderr], [0, ""]);
      },
    );
  }
}

for (const shape of ["split", "fused"]) {
  testNeeding(
    { tun: true, programs: ["dig"] },
    `e2e of UDP: dig asks the example's zone (${shape})`,
    async () => {
      const args = ["run", "--allow-ffi", "--no-prompt", DNS, "--pipeline", shape];
      await using server = await ServerProcess.startAs(Deno.execPath(), args);
      const dig = (...what: string[]) =>
        runWell("dig", ["+tries=2", "+time=5", `@${STACK}`, ...what]);
      assertEquals(await dig("+short", "example.test", "A"), "192.0.2.1\n");
      assertEquals(await dig("+short", "WWW.example.test", "A"), "192.0.2.80\n192.0.2.81\n");
      assertEquals(await dig("+short", "www.example.test", "AAAA"), "2001:db8::80\n");
      assertEquals(await dig("+short", "example.test", "TXT"), '"woshou answers"\n');
      assertEquals(await dig("+short", "six.example.test", "A"), "");
      const unknown = await dig("nobody.example.test");
      assert(unknown.includes("status: NXDOMAIN"), unknown);
      const { code, stderr } = await server.stop("SIGTERM");
      assertEquals([code, stderr], [0, ""]);
    },
  );
}

/** Echoes datagrams until it is killed. */
const ECHO = `
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 7000))
print("ready", flush=True)
while True:
    data, source = s.recvfrom(65536)
    s.sendto(data[:100] + len(data).to_bytes(4, "big"), source)
`;

const FAR6 = "fd99::2";

for (
  const { name, mtu, own } of [
    { name: "IPv4", mtu: 1000, own: STACK },
    { name: "IPv6", mtu: 1280, own: STACK6 },
  ]
) {
  testNeeding(
    { tun: true, programs: ["python3"] },
    `e2e of UDP: what is too long for the way goes in fragments once a router has said so (${name})`,
    async () => {
      // Goal: RFC 1191 and RFC 8201 with the kernel as the router and as the far end.
      await using net = await openStack({ device: "wsmtu0", pipeline: "fused" });
      await using far = await makeNamespace();
      await runWell("ip", ["addr", "add", "fd99::1/64", "dev", far.near.device, "nodad"]);
      await runIn(far, "ip", "addr", "add", `${FAR6}/64`, "dev", far.far.device, "nodad");
      await runIn(far, "ip", "route", "add", "10.7.0.0/24", "via", far.near.address);
      await runIn(far, "ip", "route", "add", "fd07::/64", "via", "fd99::1");
      await runWell("ip", ["link", "set", far.near.device, "mtu", String(mtu)]);
      Deno.writeTextFileSync("/proc/sys/net/ipv4/ip_forward", "1");
      Deno.writeTextFileSync("/proc/sys/net/ipv6/conf/all/forwarding", "1");
      const hostname = name === "IPv4" ? far.far.address : FAR6;
      const echo = far.start("python3", ["-c", ECHO, hostname], { stdout: "piped" });
      const lines = echo.stdout.getReader();
      await lines.read();
      const socket = net.listenDatagram({ transport: "udp", hostname: own, port: 0 });
      const to = { transport: "udp", hostname, port: 7000 } as const;
      const lengths: number[] = [];
      const receiving = (async () => {
        for await (const [bytes] of socket) {
          lengths.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4));
        }
      })();
      await until("short ones arrive", async () => {
        await socket.send(new Uint8Array(10), to);
        return lengths.includes(10);
      });
      assertEquals(net.stats().counters.fragmentsOut, 0);
      await until("long ones arrive", async () => {
        await socket.send(new Uint8Array(1400), to);
        return lengths.includes(1400);
      }, () => net.stats());
      const { fragmentsOut, udpErrorsIn } = net.stats().counters;
      assert(fragmentsOut >= 2 && udpErrorsIn >= 1, `${fragmentsOut} ${udpErrorsIn}`);
      socket.close();
      await receiving;
      await lines.cancel();
    },
  );
}
