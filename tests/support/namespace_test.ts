import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  hasCapability,
  judgeNamespace,
  makeNamespace,
  type NamespaceFacts,
  program,
  runIn,
} from "./namespace.ts";
import { testNeeding } from "./skip.ts";

const good: NamespaceFacts = {
  netns: "net:[2]",
  hostNetns: "net:[1]",
  interfaces: ["lo", "eth0"],
  netAdmin: true,
  tunFailure: null,
};

Deno.test("a namespace that the run has left its host's for, with rights and a TUN, is usable", () => {
  assertEquals(judgeNamespace(good), { isolated: true, tun: true, reason: "" });
});

Deno.test("a namespace with other interfaces that nobody is known to have left is the host's", () => {
  const info = judgeNamespace({ ...good, hostNetns: undefined });
  assertEquals(info.isolated, false);
  assertStringIncludes(info.reason, "deno task test");
});

Deno.test("the host's own namespace is never taken for an isolated one", () => {
  assertEquals(judgeNamespace({ ...good, netns: "net:[1]" }).isolated, false);
});

Deno.test("a namespace with nothing but lo is isolated, whoever made it", () => {
  assert(judgeNamespace({ ...good, hostNetns: undefined, interfaces: ["lo"] }).isolated);
});

Deno.test("a TUN that does not open and a missing capability are named", () => {
  assertStringIncludes(judgeNamespace({ ...good, netAdmin: false }).reason, "CAP_NET_ADMIN");
  const info = judgeNamespace({ ...good, tunFailure: "Permission denied" });
  assertEquals(info.tun, false);
  assertStringIncludes(info.reason, "Permission denied");
});

Deno.test("capabilities are read from the mask by their number", () => {
  assert(hasCapability("CapEff:\t0000000000001000\n", 12));
  assert(!hasCapability("CapEff:\t0000000000000fff\n", 12));
  assert(!hasCapability("", 12));
});

Deno.test("a program is found by name, and one that does not exist is not", () => {
  assert(program("sh"));
  assert(!program("no-such-program-anywhere"));
});

testNeeding(
  { tun: true, programs: ["ip", "unshare", "nsenter"] },
  "a child namespace reaches this one over its veth pair and leaves nothing behind",
  async () => {
    const before = Deno.readTextFileSync("/proc/net/dev");
    {
      await using namespace = await makeNamespace();
      const listener = Deno.listen({ hostname: namespace.near.address, port: 0 });
      const { port } = listener.addr as Deno.NetAddr;
      const script = `exec 3<>/dev/tcp/${namespace.near.address}/${port}; cat <&3`;
      const reading = runIn(namespace, "bash", "-c", script);
      const conn = await listener.accept();
      await conn.write(new TextEncoder().encode("hello"));
      conn.close();
      listener.close();
      assertEquals(await reading, "hello");
      namespace.start("sleep", ["1000"]);
    }
    const names = (text: string) => text.match(/^\s*\w+:/gm);
    assertEquals(names(Deno.readTextFileSync("/proc/net/dev")), names(before));
  },
);

testNeeding(
  { tun: true, programs: ["ip", "unshare", "nsenter"] },
  "a command that fails in a child namespace throws with what it said",
  async () => {
    await using namespace = await makeNamespace();
    const error = await assertRejects(() => runIn(namespace, "ip", "link", "show", "nope"));
    assertStringIncludes(String(error), "nope");
  },
);
