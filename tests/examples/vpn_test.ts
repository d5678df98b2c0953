import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connectVpn, serveVpn } from "../../examples/vpn.ts";
import { open, type TunDevice, webSocketDevice } from "../../mod.ts";
import { runIn } from "../support/namespace.ts";
import { testNeeding } from "../support/skip.ts";
import { BEHIND, curl, endOf, makePlaces, NOBODY, startExample } from "./places.ts";

const TOKEN = "a-secret-of-two";

testNeeding(
  { tun: true, programs: ["ip", "nsenter", "curl", "dig"] },
  "vpn: curl and dig reach through the WebSocket what only the server can reach",
  async () => {
    await using places = await makePlaces();
    const { client } = places;
    await using server = await startExample(null, "vpn.ts", ["--allow-net"], [
      "serve",
      ...["--hostname", client.near.address, "--port", "8443", "--token", TOKEN],
    ]);
    await using example = await startExample(client, "vpn.ts", ["--allow-ffi", "--allow-net"], [
      "connect",
      ...["--url", `ws://${client.near.address}:8443/`, "--token", TOKEN, "--device", "wsvpn0"],
    ]);
    await runIn(client, "ip", "route", "add", "default", "dev", "wsvpn0");
    for (const length of [1, 3_000_000]) {
      const got = await curl(
        client,
        "-o",
        "/dev/null",
        "-w",
        "%{size_download}",
        `http://${BEHIND}:8080/${length}`,
      );
      assertEquals([got.code, got.stdout], [0, String(length)], got.stderr);
    }
    assertEquals((await curl(client, `http://${NOBODY}:81/`)).code, 7);
    const name = await endOf(client, "dig", ["+tries=1", "+time=8", `@${BEHIND}`, "a.test"]);
    assertMatch(name.stdout, /status: NOERROR/, name.stderr);
    assertEquals((await example.stop("SIGTERM")).stderr, "");
    assertEquals((await server.stop("SIGTERM")).stderr, "");
  },
);

Deno.test("vpn: a stack in this process is a client too, and a wrong token is none", async () => {
  await using server = serveVpn("127.0.0.1", 0, TOKEN);
  const url = `ws://127.0.0.1:${server.addr.port}/`;
  const socket = new WebSocket(url, [TOKEN]);
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  {
    await using net = await open({
      device: webSocketDevice(socket, { mtu: 1400 }),
      address: "10.8.0.2/24",
    });
    // Its own packets come to the server's stack, on which nobody listens.
    await assertRejects(
      () => net.connect({ hostname: "10.8.0.1", port: 1 }),
      Deno.errors.ConnectionRefused,
    );
  }
  const nobody = {} as TunDevice;
  await assertRejects(() => connectVpn(url, "another-secret", nobody), Error, "refuses");
});
