// The example of docs/simulate.md runs as it stands, without any permission, and says what it promises.
import { assert, assertEquals } from "@std/assert";

Deno.test("docs/simulate.md: the example runs", async () => {
  const root = new URL("../../", import.meta.url);
  const page = await Deno.readTextFile(new URL("docs/simulate.md", root));
  const code = /```ts\n([\s\S]*?)```/.exec(page)?.[1];
  assert(code !== undefined, "there is no example");
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, code.replace('"../mod.ts"', `"${new URL("mod.ts", root)}"`));
    const config = new URL("deno.json", root).pathname;
    const args = ["run", "--no-prompt", "--quiet", "--config", config, "--check", path];
    const { code: status, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals([status, new TextDecoder().decode(stderr)], [0, ""]);
    const rates = [...new TextDecoder().decode(stdout).matchAll(/([\d.]+) Mbit\/s/g)];
    const total = rates.reduce((sum, [, rate]) => sum + Number(rate), 0);
    assertEquals(rates.length, 2);
    assert(total > 8 && total < 9.7, `${total} Mbit/s of 10`);
  } finally {
    await Deno.remove(path);
  }
});
