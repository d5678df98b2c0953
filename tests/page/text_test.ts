import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PAGE_TEXTS } from "../../src/page/page_texts.ts";
import {
  both,
  count,
  currentLanguage,
  duration,
  say,
  setLanguage,
  type Text,
  text,
} from "../../src/page/text.ts";

Deno.test("every text is there in both languages", () => {
  const texts: [string, Text][] = Object.entries(PAGE_TEXTS);
  for (const [name, value] of Object.entries(text)) {
    texts.push([
      name,
      typeof value === "function" ? (value as (arg: number) => Text)(2) ?? both("AE") : value,
    ]);
  }
  for (const [name, { en, zh }] of texts) {
    assert(en !== "" && zh !== "", name);
    if (name !== "language" && name !== "languageLabel") assert(!/[\u4e00-\u9fff]/.test(en), en);
  }
});

Deno.test("the page's own texts and labels all exist", async () => {
  const html = await Deno.readTextFile(new URL("../../src/page/page.html", import.meta.url));
  const names = [...html.matchAll(/data-(?:text|label)="(\w+)"/g)].map(([, name]) => name);
  assert(names.length > 20);
  for (const name of names) assertStringIncludes(Object.keys(PAGE_TEXTS).join(" "), name);
});

Deno.test("the language that is set is the one that is spoken; numbers are readable", () => {
  const words = { en: "yes", zh: "是" };
  setLanguage("zh");
  assertEquals([say(words), currentLanguage()], ["是", "zh"]);
  setLanguage("en");
  assertEquals(say(words), "yes");
  assertEquals(count(1234567), "1,234,567");
  assertEquals([12, 1234, 45_678, 2_500_000].map(duration), [
    "12 µs",
    "1.23 ms",
    "45.7 ms",
    "2.50 s",
  ]);
});
