import { assertEquals, assertThrows } from "@std/assert";
import { IP_DEFAULTS, ipConfig, type IpOptions } from "../../src/ip/config.ts";

Deno.test("ip config: the defaults are those of the protocol page, and what is given replaces them", () => {
  const { reassemblyMemoryBytes, reassemblyPackets, reassemblyTimeoutMs } = IP_DEFAULTS;
  assertEquals([reassemblyMemoryBytes, reassemblyPackets], [4 * 1024 * 1024, 1024]);
  assertEquals([reassemblyTimeoutMs, IP_DEFAULTS.reassemblyTimeout6Ms], [30_000, 60_000]);
  assertEquals([IP_DEFAULTS.errorsPerSecond, IP_DEFAULTS.errorsBurst], [1000, 50]);
  assertEquals(ipConfig({ errorsBurst: 7, maxPings: undefined }), {
    ...IP_DEFAULTS,
    errorsBurst: 7,
  });
});

Deno.test("ip config: wrong options are refused by name, value and range", () => {
  const wrong = (options: unknown) => () => ipConfig(options as IpOptions);
  assertThrows(wrong({ errors: 1 }), TypeError, "ip.errors");
  for (const name of Object.keys(IP_DEFAULTS)) {
    assertThrows(wrong({ [name]: "1" }), TypeError, `ip.${name}`);
    assertThrows(wrong({ [name]: NaN }), TypeError, `ip.${name}`);
    assertThrows(wrong({ [name]: 0 }), RangeError, `ip.${name}: 0`);
    assertThrows(wrong({ [name]: 1e12 }), RangeError, `ip.${name}`);
    assertThrows(wrong({ [name]: 100_000.5 }), RangeError, `ip.${name}`);
  }
});
