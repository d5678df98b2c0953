import { assertEquals, assertNotEquals } from "@std/assert";
import { HOST_NETNS_VARIABLE, inOwnNamespace, namespaceRefusal } from "../../tools/namespace.ts";
import { skip, unmetNeed } from "../support/skip.ts";

const refusal = namespaceRefusal() ?? unmetNeed({ programs: ["ip"] });
const name =
  "a program in a namespace of its own has a loopback, and knows which namespace it left";
if (refusal !== null) skip(name, refusal);
else {
  Deno.test(name, async () => {
    const script = `readlink /proc/self/ns/net; echo $${HOST_NETNS_VARIABLE}; ip -br link`;
    const { stdout } = await inOwnNamespace("sh", ["-c", script]).output();
    const [inside, left, ...devices] = new TextDecoder().decode(stdout).trim().split("\n");
    assertNotEquals(inside, left);
    assertEquals(left, Deno.readLinkSync("/proc/self/ns/net"));
    assertEquals(devices.map((line) => line.split(/\s+/).slice(0, 2)), [["lo", "UNKNOWN"]]);
  });
}
