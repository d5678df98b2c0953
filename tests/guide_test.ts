/** The guide: every program on its pages is checked and run, and prints what the page says that it prints. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { readPackage, ROOT } from "../tools/package.ts";
import { type Block, blocksOf, looksLike, programName, Reader } from "./support/guide.ts";
import { runWell } from "./support/process.ts";
import { testNeeding } from "./support/skip.ts";

/** The pages in the order in which they are read, and the programs that each needs besides Deno. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  start: ["nc"],
  server: ["nc"],
  proxy: ["curl"],
  simulate: [],
  observe: [],
  tune: [],
};
const PATIENCE_MS = 120_000;

function readPage(name: string): Promise<string> {
  return Deno.readTextFile(new URL(`docs/${name}.md`, ROOT));
}

/** The programs of all pages, the guide's folder of a reader who has begun at its start. */
async function programs(): Promise<Block[]> {
  const pages = await Promise.all(Object.keys(PAGES).map(readPage));
  return pages.flatMap(blocksOf).filter(({ language }) => language === "ts");
}

/** A folder with all programs, in which the package is found by its name as it is when installed. */
async function writePrograms(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "woshou-guide-" });
  const { name, exports } = await readPackage();
  const imports = Object.fromEntries(
    Object.entries(exports).map(([key, path]) => [name + key.slice(1), new URL(path, ROOT).href]),
  );
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports, lock: false }));
  for (const block of await programs()) {
    await Deno.writeTextFile(`${folder}/${programName(block)}`, block.text);
  }
  return folder;
}

/** Does what the page says, block by block, and looks whether it is so. */
async function followPage(folder: string, blocks: readonly Block[]): Promise<void> {
  await using reader = new Reader(folder);
  let shown: string | null = null;
  for (const { language, text, line, anyNumbers } of blocks) {
    if (language === "sh") {
      shown = await reader.type(text);
    } else if (language === "text") {
      assert(shown !== null, `Line ${line}: no commands before this`);
      assert(
        looksLike(shown, text, anyNumbers),
        `Line ${line}: the page says\n${text}but there is\n${shown}`,
      );
      shown = null;
    }
  }
}

for (const [name, needed] of Object.entries(PAGES)) {
  testNeeding(
    { tun: true, programs: ["bash", ...needed] },
    `the guide runs: ${name}`,
    async () => {
      // Goal: a reader who types what is written sees what is written.
      const blocks = blocksOf(await readPage(name));
      const folder = await writePrograms();
      try {
        await followPage(folder, blocks);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  );
}

Deno.test("the programs of the guide are right by their types", async () => {
  // Goal: also where no TUN is there to run them.
  const names = (await programs()).map(programName);
  assertEquals(new Set(names).size, names.length);
  const folder = await writePrograms();
  try {
    const paths = names.map((name) => `${folder}/${name}`);
    await runWell(Deno.execPath(), ["check", "--quiet", ...paths], { patienceMs: PATIENCE_MS });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every block of the guide is run or compared, and README.md links every page", async () => {
  // Goal: nothing on a page goes unlooked at: each program is named by a command, each output follows one.
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  for (const name of Object.keys(PAGES)) {
    assert(readme.includes(`(docs/${name}.md)`), `README.md has no link to docs/${name}.md`);
    const blocks = blocksOf(await readPage(name));
    for (const block of blocks) {
      assert(["ts", "sh", "text"].includes(block.language), `${name}.md:${block.line}`);
      if (block.language !== "ts") continue;
      const uses = [` ${programName(block)}`, `"./${programName(block)}"`];
      const isUsed = blocks.some(({ text }) => uses.some((use) => text.includes(use, 4)));
      assert(isUsed, `${name}.md:${block.line} never runs`);
    }
    const kinds = blocks.map(({ language }) => language);
    kinds.forEach((kind, i) => assertEquals(kind === "text", kinds[i - 1] === "sh", name));
  }
});

Deno.test("what a page says is compared line by line, with ... for anything", () => {
  // Goal: the comparison can fail.
  assert(looksLike("a 12 b\nc\n", "a ... b\nc\n"));
  assert(looksLike("a\nb\nc\n", "a\n...\n"));
  assert(!looksLike("a 12 b\nd\n", "a ... b\nc\n"));
  assert(!looksLike("a\nb\n", "a\n"));
  assert(!looksLike("axb", "a.b"));
  assert(looksLike("took 1.5 s", "took 12 s", true));
  assert(!looksLike("took 1.5 s", "took 12 s") && !looksLike("took x s", "took 12 s", true));
  assertThrows(() => programName(blocksOf("\n\n```ts\nconst a = 1;\n```\n")[0]), Error, "3");
});
