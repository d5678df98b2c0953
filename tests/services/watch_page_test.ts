import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { memoryPair, open } from "../../mod.ts";
import { watchPage } from "../../src/services/watch_page.ts";
import type { LogNews, Overview } from "../../src/trace/feed.ts";
import { VIEWERS_MAX, type Watched } from "../../src/trace/watch.ts";
import { until } from "../support/process.ts";
import { Answer, CLOSE, served } from "./served.ts";

Deno.test("the files of the page are there, and nothing may come from elsewhere", async () => {
  await served(async (net) => {
    const types = { "/": "html", "/page.js": "javascript", "/lesson.js": "javascript" };
    const others = { "/uplot.js": "javascript", "/uplot.css": "css", "/page.css": "css" };
    for (const [path, type] of Object.entries({ ...types, ...others })) {
      using answer = await Answer.to(net, path, CLOSE);
      await answer.reading;
      assertMatch(
        answer.text,
        new RegExp(`^HTTP/1.1 200 OK\r\n(.*\r\n)*content-type: text/${type}`),
      );
      assertStringIncludes(answer.text, "content-security-policy: default-src 'self'");
    }
    using licence = await Answer.to(net, "/uplot.js", CLOSE);
    await licence.reading;
    assertStringIncludes(licence.text, "The MIT License");
  });
});

Deno.test("other paths and methods are refused in words", async () => {
  await served(async (net) => {
    const cases = [["/no", "GET", "404"], ["/", "POST", "405"], ["/table", "GET", "200"]];
    for (const [path, method, status] of cases) {
      using answer = await Answer.to(net, path, CLOSE, method);
      await answer.reading;
      assertStringIncludes(answer.text, `HTTP/1.1 ${status}`);
    }
  });
});

Deno.test("events tell of connections, and of the segments of the one that is asked for", async () => {
  await served(async (net) => {
    using first = await Answer.to(net, "/events");
    await until("the overview comes", () => first.told("overview").length > 0);
    using listener = net.listen({ port: 7 });
    const [client, server] = await Promise.all([net.connect({ port: 7 }), listener.accept()]);
    const rows = () => first.told<Overview>("overview").at(-1)!.connections;
    const row = () => rows().find(({ local }) => local.endsWith(":7"));
    await until("the connection is told of", () => row() !== undefined, () => rows());
    using second = await Answer.to(net, `/events?connection=${row()!.id}`);
    await until("its log comes", () => second.told("log").length > 0);
    const [log] = second.told<LogNews>("log");
    assertEquals([log.id, log.skipped, log.lines[0][2]], [row()!.id, 0, 1]);
    const before = second.told("log").length;
    await client.write(new Uint8Array(10));
    await until("news of it come", () => second.told("log").length > before);
    assertEquals(first.told("log"), [], "who has chosen none gets none");
    using unknown = await Answer.to(net, "/events?connection=999");
    await until("an unknown one is gone", () => unknown.told("gone").length > 0);
    client.close();
    server.close();
  });
});

Deno.test("a viewer that goes away is forgotten, and too many are refused", async () => {
  await served(async (net) => {
    const viewers: Answer[] = [];
    for (let i = 0; i < VIEWERS_MAX; i++) viewers.push(await Answer.to(net, "/events"));
    await until("all are there", () => viewers.every((each) => each.told("overview").length > 0));
    const extra = await Answer.to(net, "/events", CLOSE);
    await extra.reading;
    assertStringIncludes(extra.text, "HTTP/1.1 503");
    extra[Symbol.dispose]();
    for (const viewer of viewers) viewer[Symbol.dispose]();
    await until("one more finds a place", async () => {
      using late = await Answer.to(net, "/events");
      await until("it is answered", () => /503|overview/.test(late.text), () => late.text);
      return late.told<Overview>("overview")[0]?.viewers === 1;
    });
  });
});

Deno.test("for a viewer that does not take what there is nothing is made", async () => {
  // Goal: a slow viewer costs no memory; what it has missed the log says when it takes something again.
  await using net = await open({ device: memoryPair()[0] });
  const stack: Watched = {
    addresses: ["10.7.0.2".repeat(10_000)],
    watch: (look) => net.watch(look),
    stats: () => net.stats(),
    connections: () => [],
  };
  const localAddr: Deno.NetAddr = { transport: "tcp", hostname: "10.7.0.2", port: 80 };
  const info = { localAddr, remoteAddr: { ...localAddr, port: 1 }, completed: Promise.resolve() };
  using looks = new Looks();
  // There is no such connection, which every look has to tell.
  const request = new Request("http://stack/events?connection=999");
  const response = await watchPage(stack)(request, info);
  looks.happen(20);
  const reader = response.body!.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  assertStringIncludes(first, "event: overview");
  assertEquals(first.split("event: gone").length, 2, "the first look has filled what may wait");
  let hasCome = false;
  const next = reader.read().finally(() => hasCome = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(hasCome, false, "twenty looks have made nothing");
  looks.happen(1);
  assertEquals(new TextDecoder().decode((await next).value), "event: gone\ndata: null\n\n");
  await reader.cancel();
});

/** Has the page look when a test says so. */
class Looks implements Disposable {
  readonly #setInterval = globalThis.setInterval;
  #look = () => {};

  constructor() {
    globalThis.setInterval = ((look: () => void) => {
      this.#look = look;
      return 0;
    }) as unknown as typeof setInterval;
  }

  happen(times: number): void {
    for (let i = 0; i < times; i++) this.#look();
  }

  [Symbol.dispose](): void {
    globalThis.setInterval = this.#setInterval;
  }
}
