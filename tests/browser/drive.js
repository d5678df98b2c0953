// Looks at the server's page with a real browser: `drive.js URL FOLDER` prints as JSON what was there to be
// seen, which tests/e2e/page_test.ts judges, and leaves screenshots in FOLDER. It is not TypeScript, because its
// package is not among those of the project: this folder has a lock of its own.

import { chromium } from "playwright-core";

const [url, folder] = Deno.args;
const facts = { errors: [] };

const browser = await chromium.launch({
  executablePath: Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});

async function openPage(options, hash = "") {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("console", (message) => {
    if (message.type() === "error") facts.errors.push(message.text());
  });
  page.on("pageerror", (error) => facts.errors.push(error.message));
  await page.goto(url + hash);
  return page;
}

async function shoot(page, name) {
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

async function run(program, ...args) {
  const { success } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) throw new Error(`${program} failed`);
}

/** The rows of a sequence diagram: what stands over each arrow, and the states beside it. */
function rowsOf(page, place) {
  return page.$$eval(`${place} .ladder li`, (rows) =>
    rows.map((row) => ({
      what: row.querySelector(".what")?.firstChild?.textContent ?? "",
      left: row.querySelector(".state.left")?.textContent ?? "",
      right: row.querySelector(".state.right")?.textContent ?? "",
      tags: [...row.querySelectorAll(".tag")].map((tag) => tag.textContent),
    })));
}

/** The fields of the header that is shown. */
function fieldsOf(page, place) {
  return page.$$eval(
    `${place} button.cell`,
    (cells) => cells.map((cell) => [cell.dataset.field, cell.dataset.value]),
  );
}

/** What has the focus, and whether one can see that. */
function focusOf(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return {
      id: element.id,
      tag: element.tagName,
      row: element.dataset.id ?? null,
      field: element.dataset.field ?? null,
      outlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    };
  });
}

/** Presses Tab until what has the focus satisfies `enough`. */
async function tabTo(page, enough) {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const focus = await focusOf(page);
    if (enough(focus)) return focus;
  }
  return null;
}

/** The least contrast of texts to what is behind them (WCAG 2, section 1.4.3). */
function contrastOf(page) {
  return page.evaluate(() => {
    const luminance = (color) => {
      const parts = color.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
      return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const behind = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const { backgroundColor } = getComputedStyle(at);
        if (!/, 0\)$|transparent/.test(backgroundColor)) return backgroundColor;
      }
      return "rgb(255, 255, 255)";
    };
    let least = { ratio: 99, text: "" };
    for (const element of document.querySelectorAll("main *, header *, footer *")) {
      const isText = [...element.childNodes].some((node) =>
        node.nodeType === 3 && node.data.trim()
      );
      const isOff = element.closest("[aria-disabled=true], svg, .uplot, [hidden]");
      if (!isText || isOff || element.getClientRects().length === 0) continue;
      const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < least.ratio) {
        least = { ratio, text: `${element.className}: ${element.textContent}` };
      }
    }
    return { ...least, page: getComputedStyle(document.body).backgroundColor };
  });
}

/** How far the page is wider than the window. */
function overflowOf(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

async function live() {
  const page = await openPage({});
  await page.waitForFunction(() => document.querySelector("#status").textContent.includes("Live"));
  await page.waitForSelector("#connections table");
  await run("curl", "-sS", "--max-time", "10", "-o", "/dev/null", `${url}stats.json`);
  const isThere = () => document.querySelectorAll("#live-ladder .row").length >= 8;
  await page.waitForFunction(isThere);
  facts.handshake = await rowsOf(page, "#live");
  facts.synFields = await fieldsOf(page, "#live-header");
  await page.waitForFunction(() => document.querySelectorAll("#plots canvas").length === 2);
  await page.waitForFunction(() => document.querySelector("#states .box.current") !== null);
  facts.states = await page.$$eval("#states .edge.gone", (edges) => edges.length);
  facts.current = await page.$eval("#states .box.current", (box) => box.dataset.state);
  await page.waitForTimeout(300);
  facts.plotPixels = await page.$$eval("#plots canvas", (canvases) =>
    canvases.map((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let coloured = 0;
      for (let i = 0; i < data.length; i += 4) {
        const spread = Math.max(data[i], data[i + 1], data[i + 2]) -
          Math.min(data[i], data[i + 1], data[i + 2]);
        if (data[i + 3] > 128 && spread > 60) coloured++;
      }
      return coloured;
    }));
  await page.check("#raw");
  facts.raw = (await rowsOf(page, "#live"))[0].what;
  await page.uncheck("#raw");
  await page.click("#connections th:nth-child(3) button");
  await page.click("#connections th:nth-child(3) button");
  facts.sorted = await page.$$eval(
    "#connections tbody td b",
    (cells) => cells.map((cell) => cell.textContent),
  );
  facts.ariaSort = await page.getAttribute("#connections th:nth-child(3)", "aria-sort");
  facts.light = await contrastOf(page);
  await shoot(page, "live-light");
  await keyboard(page);
  await page.context().close();
}

async function keyboard(page) {
  await page.reload();
  await page.waitForSelector("#live-ladder .row");
  await page.keyboard.press("Tab");
  facts.firstStop = await focusOf(page);
  facts.rowFocus = await tabTo(page, (focus) => focus.row !== null);
  const before = await fieldsOf(page, "#live-header");
  await page.keyboard.press("ArrowDown");
  facts.nextRow = await focusOf(page);
  const after = await fieldsOf(page, "#live-header");
  facts.headerFollowed = JSON.stringify(before) !== JSON.stringify(after);
  facts.cellFocus = await tabTo(page, (focus) => focus.field !== null);
  await page.keyboard.press("ArrowRight");
  facts.said = await page.textContent("#live-header .field-said b");
}

async function dark() {
  const page = await openPage({ colorScheme: "dark" });
  await page.waitForSelector("#live-ladder .row");
  await page.waitForTimeout(300);
  facts.dark = await contrastOf(page);
  await shoot(page, "live-dark");
  await page.context().close();
}

async function phone() {
  const options = { viewport: { width: 390, height: 844 }, locale: "zh-CN", colorScheme: "dark" };
  const page = await openPage(options);
  await page.waitForSelector("#live-ladder .row");
  facts.chinese = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.querySelector("#sequence-title").textContent,
    status: document.querySelector("#status").textContent,
  }));
  facts.overflow = [await overflowOf(page)];
  await shoot(page, "phone-live");
  await page.click("#to-lesson");
  for (let i = 0; i < 4; i++) await page.click("#lesson-next");
  facts.overflow.push(await overflowOf(page));
  await shoot(page, "phone-lesson");
  await page.click("#language");
  facts.english = await page.textContent("#lesson-title");
  facts.overflow.push(await overflowOf(page));
  await page.reload();
  facts.remembered = await page.textContent("#lesson-title");
  await page.context().close();
}

async function lesson() {
  const page = await openPage({}, "#lesson");
  await page.waitForFunction(() =>
    /Step 0 of/.test(document.querySelector("#lesson-step").textContent)
  );
  await page.focus("#lesson-next");
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  facts.lesson = await rowsOf(page, "#lesson");
  facts.lessonSaid = await page.textContent("#lesson-said");
  await page.keyboard.press("ArrowLeft");
  facts.lessonBack = (await rowsOf(page, "#lesson")).length;
  await page.keyboard.press("ArrowLeft");
  // Now the SYN alone is there, and is lost.
  await page.click("#lesson-lose");
  await page.waitForSelector("#lesson .is-lost");
  await page.click("#lesson-next");
  facts.lossStory = await rowsOf(page, "#lesson");
  await page.click("#lesson-last");
  facts.lossEnd = await page.$$eval(
    "#lesson-left, #lesson-right",
    (ends) => ends.map((end) => end.textContent),
  );
  facts.lessonContrast = await contrastOf(page);
  await page.click("#lesson-stories button:nth-child(4)");
  for (let i = 0; i < 11; i++) await page.click("#lesson-next");
  await page.waitForTimeout(300);
  await shoot(page, "lesson-light");
  await page.context().close();
}

try {
  await live();
  await dark();
  await phone();
  await lesson();
  facts.agent = browser.version();
} finally {
  await browser.close();
}
console.log(JSON.stringify(facts));
