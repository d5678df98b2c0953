// examples/emulator.ts: the kernel, QEMU and a stack as guests.
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type GuestOptions, GuestServer, leading } from "../../examples/emulator.ts";
import { bridge } from "../../examples/support/bridge.ts";
import { DhcpType } from "../../examples/support/dhcp.ts";
import { ethernet, open, streamDevice, TunDevice, webSocketDevice } from "../../mod.ts";
import { makeNamespace, type Namespace, runIn } from "../support/namespace.ts";
import { until } from "../support/process.ts";
import { testNeeding } from "../support/skip.ts";
import { BEHIND, curl, endOf, makePlaces, runHere, startExample } from "./places.ts";

const PORT = 5555;
const FRAME_BYTES = 1514;
const QEMU_PATIENCE_MS = 150_000;
const OPTIONS: GuestOptions = { dns: { hostname: "127.0.0.1", port: 53 }, host: true };

/** What udhcpc runs: takes the address, and tells what else it was given. */
const DHCP_SCRIPT = `#!/bin/sh
case "$1" in
deconfig) ip link set "$interface" up ;;
bound)
  ip addr add "$ip/$mask" dev "$interface"
  ip route add default via "$router"
  echo "$ip/$mask via $router, names by $dns, for $lease s from $serverid" ;;
esac
`;

/** The kernel of a namespace as a guest: a TAP there, whose frames go to the emulator's port as QEMU's do. */
async function plugIn(guest: Namespace, name: string): Promise<Disposable> {
  const tap = TunDevice.open({ name, layer: "ethernet" });
  await runHere("ip", "link", "set", name, "netns", String(guest.pid));
  const link = streamDevice(await Deno.connect({ hostname: "127.0.0.1", port: PORT }), {
    mtu: FRAME_BYTES,
  });
  bridge(tap, link);
  return {
    [Symbol.dispose]: () => {
      tap.close();
      link.close();
    },
  };
}

/** Asks for an address, and takes it; gives what the server has told. */
async function askForAddress(guest: Namespace, name: string): Promise<string> {
  const script = await Deno.makeTempFile({ suffix: ".sh" });
  try {
    await Deno.writeTextFile(script, DHCP_SCRIPT);
    await Deno.chmod(script, 0o755);
    const args = ["-i", name, "-f", "-q", "-n", "-t", "10", "-T", "1", "-s", script];
    const { stdout, stderr } = await endOf(guest, "udhcpc", args);
    return stdout.trim() || stderr;
  } finally {
    await Deno.remove(script);
  }
}

testNeeding(
  { tun: true, programs: ["ip", "nsenter", "udhcpc", "curl", "ping", "dig"] },
  "emulator: the kernel as a guest gets an address, and reaches the host and what the host reaches",
  async () => {
    await using _places = await makePlaces();
    await using guest = await makeNamespace();
    await using host = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("this machine"),
    );
    await using emulator = await startExample(null, "emulator.ts", ["--allow-net"], [
      ...["--port", String(PORT), "--dns", `${BEHIND}:53`, "--forward", "2222:7002"],
    ]);
    using _link = await plugIn(guest, "wsguest0");
    assertEquals(
      await askForAddress(guest, "wsguest0"),
      "10.0.2.15/24 via 10.0.2.1, names by 10.0.2.3, for 86400 s from 10.0.2.1",
    );
    await runIn(guest, "ping", "-c", "2", "-i", "0.2", "-W", "5", "10.0.2.1");
    const at10022 = await curl(guest, `http://10.0.2.2:${host.addr.port}/`);
    assertEquals([at10022.code, at10022.stdout], [0, "this machine"], at10022.stderr);
    const counted = ["-o", "/dev/null", "-w", "%{size_download}"];
    for (const length of [1, 3_000_000]) {
      const got = await curl(guest, ...counted, `http://${BEHIND}:8080/${length}`);
      assertEquals([got.code, got.stdout], [0, String(length)], got.stderr);
    }
    assertEquals((await curl(guest, `http://${BEHIND}:81/`)).code, 7, "refused at once");
    const name = await endOf(guest, "dig", ["+tries=1", "+time=8", "@10.0.2.3", "a.test"]);
    assertMatch(name.stdout, /status: NOERROR/, name.stderr);
    // A port of this machine leads to the guest.
    await using _answering = guest.command("sh", ["-c", "echo from the guest | nc -l -N -p 7002"])
      .spawn();
    await until("nc listens", async () => {
      const { stdout } = await endOf(guest, "ss", ["-Hltn", "sport = :7002"]);
      return stdout !== "";
    });
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: 2222 });
    assertEquals(await new Response(conn.readable).text(), "from the guest\n");
    assertEquals((await emulator.stop("SIGTERM")).stderr, "");
  },
);

testNeeding(
  { programs: ["qemu-system-x86_64"] },
  "emulator: a guest of QEMU boots from the network",
  async () => {
    // Goal: its firmware (iPXE) asks for an address, takes the URL, and loads it over the stack's TCP.
    const asked: string[] = [];
    await using host = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        asked.push(`${new URL(request.url).pathname} ${request.headers.get("user-agent")}`);
        return new Response("#!ipxe\necho loaded\n");
      },
    );
    const bootFile = `http://10.0.2.2:${host.addr.port}/boot.ipxe`;
    using server = new GuestServer({ ...OPTIONS, bootFile });
    const to = `addr.type=inet,addr.host=127.0.0.1,addr.port=${server.listen(0)}`;
    const qemu = new Deno.Command("qemu-system-x86_64", {
      args: [
        ...["-display", "none", "-m", "64", "-boot", "n", "-device", "virtio-net,netdev=n"],
        ...["-netdev", `stream,id=n,server=off,${to}`],
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      // Without hardware to run it, a machine takes a while to start.
      await until("it has asked for it", () => asked.length > 0, () => asked, QEMU_PATIENCE_MS);
      assertMatch(asked[0], /^\/boot\.ipxe iPXE\//);
    } finally {
      qemu.kill("SIGKILL");
      await qemu.status;
    }
  },
);

Deno.test("emulator: an emulator in a page comes by WebSocket, from the page that may", async () => {
  const origin = "http://localhost:8000";
  await using host = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("this machine"),
  );
  using server = new GuestServer(OPTIONS);
  const port = server.listenWebSocket(0, origin);
  const foreign = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { upgrade: "websocket", connection: "upgrade", origin: "http://elsewhere" },
  });
  assertEquals([foreign.status, await foreign.text()], [403, "not for this page: see --origin\n"]);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { origin } });
  socket.binaryType = "arraybuffer";
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  const address = "10.0.2.15/24";
  const device = ethernet(webSocketDevice(socket, { mtu: FRAME_BYTES }), {
    address,
    gateway: "10.0.2.1",
  });
  await using guest = await open({ device, address });
  await guest.ping("10.0.2.1");
  using conn = await guest.connect({ hostname: "10.0.2.2", port: host.addr.port });
  await conn.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
  assertMatch(await new Response(conn.readable).text(), /this machine$/);
});

Deno.test("emulator: guests that vanish while they ask leave it ready for the next", async () => {
  using server = new GuestServer(OPTIONS);
  const port = server.listen(0);
  const address = "10.0.2.15/24";
  const discover = new Uint8Array(244);
  discover.set([1, 1, 6]);
  discover.set([0x63, 0x82, 0x53, 0x63, 53, 1, DhcpType.discover, 255], 236);
  const everybody = { transport: "udp", hostname: "255.255.255.255", port: 67 } as const;
  for (let guests = 0; guests < 20; guests++) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const link = streamDevice(conn, { mtu: FRAME_BYTES });
    await using guest = await open({ device: ethernet(link, { address }), address });
    using socket = guest.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 68 });
    for (let asked = 0; asked < 5; asked++) await socket.send(discover, everybody);
    if (guests < 19) continue;
    const [answer] = await socket.receive();
    assertEquals(answer.subarray(16, 20).join("."), "10.0.2.15");
  }
});

Deno.test("emulator: where the addresses of the link lead", () => {
  const lead = leading(OPTIONS);
  assertEquals(lead({ hostname: "10.0.2.2", port: 80 }), { hostname: "127.0.0.1", port: 80 });
  assertEquals(lead({ hostname: "10.0.2.3", port: 53 }), OPTIONS.dns);
  const elsewhere = { hostname: "192.0.2.1", port: 443 };
  assertEquals(lead(elsewhere), elsewhere);
  const alone = leading({ ...OPTIONS, host: false });
  const toHost = () => alone({ hostname: "10.0.2.2", port: 80 });
  assertThrows(toHost, Deno.errors.ConnectionRefused, "--no-host");
});
