/** The package as others get it: the tarball in a project of its own, with one permission; the pages about its API. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeDocs } from "../../tools/docs.ts";
import { packedFiles, writeTarball } from "../../tools/npm.ts";
import { readPackage } from "../../tools/package.ts";
import { runToEnd, runWell } from "../support/process.ts";
import { ServerProcess } from "../support/server.ts";
import { testNeeding } from "../support/skip.ts";

const CONSUMER = new URL("./package_consumer.ts", import.meta.url);
const PATIENCE_MS = 120_000;

/** A folder outside the repository, gone at the end of the scope. */
async function scratch(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "woshou-package-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Makes the tarball and installs it in a new project in `folder`, as npm does; returns the package's folder. */
async function install(folder: string): Promise<string> {
  const { name } = await readPackage();
  await writeTarball(`${folder}/package.tgz`);
  await Deno.writeTextFile(`${folder}/package.json`, '{ "type": "module", "private": true }');
  const quiet = ["--offline", "--no-audit", "--no-fund", "--loglevel=error"];
  const places = ["--prefix", folder, "--cache", `${folder}/.npm`];
  await runWell("npm", ["install", ...quiet, ...places, `${folder}/package.tgz`], {
    patienceMs: PATIENCE_MS,
  });
  return `${folder}/node_modules/${name}`;
}

/** The relative modules that a text imports. */
function importsIn(text: string): string[] {
  // Not those of examples, which stand in comments.
  return [...text.matchAll(/^(?!\s*\*).*\b(?:from |import\()"(\.[^"]*)"/gm)].map(([, path]) =>
    path
  );
}

/** Fails unless every declaration that can be reached from `file` is there. */
async function assertDeclared(file: URL, seen: Set<string> = new Set()): Promise<number> {
  if (seen.has(file.href)) return seen.size;
  seen.add(file.href);
  for (const path of importsIn(await Deno.readTextFile(file))) {
    await assertDeclared(new URL(path.replace(/(?:\.d)?\.[jt]s$/, ".d.ts"), file), seen);
  }
  return seen.size;
}

/** Fails unless the installed package and its tarball hold what they should, and nothing else. */
async function assertWhole(root: string, tarball: string): Promise<void> {
  const manifest = JSON.parse(await Deno.readTextFile(`${root}/package.json`));
  const { exports, name, version } = await readPackage();
  assertEquals([manifest.name, manifest.version, manifest.type], [name, version, "module"]);
  assertEquals([manifest.dependencies, manifest.peerDependencies], [undefined, undefined]);
  assertEquals(Object.keys(manifest.exports), Object.keys(exports));
  const types = Object.values<{ types: string }>(manifest.exports).map((entry) => entry.types);
  for (const entry of types) {
    assert(await assertDeclared(new URL(entry, `file://${root}/`)) > 3, entry);
  }
  const files = await packedFiles(tarball);
  assertEquals(files.filter((file) => /^(tests|tools|bench|docs)\//.test(file)), []);
  assertEquals(files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts")), []);
}

/** Fails unless Deno finds the declarations for a program in `folder`, and an error against them. */
async function assertTyped(folder: string): Promise<void> {
  const main = `${folder}/main.ts`;
  await Deno.copyFile(CONSUMER, main);
  const check = ["check", "--quiet", main];
  const options = { patienceMs: PATIENCE_MS, env: { NO_COLOR: "1" } };
  await runWell(Deno.execPath(), check, options);
  const text = await Deno.readTextFile(main);
  await Deno.writeTextFile(main, text.replace("listen({ port: 7 })", 'listen({ port: "7" })'));
  const wrong = await runToEnd(Deno.execPath(), check, options);
  assertEquals(wrong.code, 1);
  assertMatch(wrong.stderr, /Type 'string' is not assignable to type 'number'/);
}

const PROGRAMS = ["npm", "tar"];

testNeeding({ programs: PROGRAMS }, "the package on npm is whole, typed and alone", async () => {
  // Goal: declarations for all that is exported, no source twice, no dependency, every export under its
  // name; right code passes the type check and wrong code does not.
  await using folder = await scratch();
  await assertWhole(await install(folder.path), `${folder.path}/package.tgz`);
  await assertTyped(folder.path);
});

testNeeding(
  { tun: true, programs: PROGRAMS },
  "the installed package runs with --allow-ffi alone",
  async () => {
    // Goal: the threads start, and bytes come back through a TUN, in both threaded shapes.
    await using folder = await scratch();
    await install(folder.path);
    const main = `${folder.path}/main.ts`;
    await Deno.copyFile(CONSUMER, main);
    for (const shape of ["split", "fused"]) {
      const args = ["run", "--allow-ffi", "--no-prompt", "--quiet", main, `wspack${shape}`, shape];
      await using server = await ServerProcess.startAs(Deno.execPath(), args);
      const { version } = await readPackage();
      assertEquals(server.readyLine, `ready ${version} 1500 0`);
      using conn = await Deno.connect({ hostname: "10.79.0.2", port: 7 });
      const data = new Uint8Array(300_000).map((_, i) => i * 7);
      const sending = new Blob([data]).stream().pipeTo(conn.writable, { preventClose: true })
        .then(() => conn.closeWrite());
      const received = await new Response(conn.readable).bytes();
      await sending;
      assertEquals(received.length, data.length);
      assertEquals(received, data);
      await server.printed((text) => text.includes("served true"));
      assertEquals((await server.child.status).code, 0);
    }
  },
);

Deno.test("deno task docs writes a page for what every module exports", async () => {
  // Goal: the names that people look for, each where its module is.
  await using folder = await scratch();
  await writeDocs(folder.path);
  const { exports } = await readPackage();
  for (const path of ["index.html", "all_symbols.html", "~/open.html", "~/Stack.html"]) {
    await Deno.stat(`${folder.path}/${path}`);
  }
  await Deno.stat(`${folder.path}/device/~/TunDevice.html`);
  await Deno.stat(`${folder.path}/trace/~/TraceLines.html`);
  const index = await Deno.readTextFile(`${folder.path}/all_symbols.html`);
  for (const name of Object.keys(exports)) {
    if (name !== ".") assert(index.includes(name.slice(2)), name);
  }
});
