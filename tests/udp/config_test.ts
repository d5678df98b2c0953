import { assertEquals, assertThrows } from "@std/assert";
import { UDP_DEFAULTS, udpConfig, type UdpOptions } from "../../src/udp/config.ts";

Deno.test("udp options: defaults, and what is given", () => {
  assertEquals(udpConfig(), UDP_DEFAULTS);
  assertEquals(udpConfig({ hopLimit: 3, maxSockets: undefined }), { ...UDP_DEFAULTS, hopLimit: 3 });
});

Deno.test("udp options: what is wrong is named, with what is allowed", () => {
  // Goal: at `open`, not when the first datagram comes.
  const bad:
    readonly (readonly [Record<string, unknown>, typeof TypeError | typeof RangeError, string])[] =
      [
        [{ sockets: 3 }, TypeError, "udp.sockets: there is no such option"],
        [{ hopLimit: "64" }, TypeError, "udp.hopLimit: 64 is not a number"],
        [{ hopLimit: 0 }, RangeError, "udp.hopLimit: 0 is not a whole number from 1 to 255"],
        [{ maxSockets: 1.5 }, RangeError, "udp.maxSockets: 1.5 is not"],
        [{ receiveBufferBytes: 100 }, RangeError, "from 2048 to 67108864"],
        [{ sendBufferBytes: NaN }, TypeError, "udp.sendBufferBytes: NaN"],
      ];
  for (const [options, Class, text] of bad) {
    assertThrows(() => udpConfig(options as UdpOptions), Class, text);
  }
});
