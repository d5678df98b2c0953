/** The live part of the page: what the server tells, shown. */

import type { LogNews, Overview, OverviewRow } from "../trace/feed.ts";
import type { State } from "../tcp/state.ts";
import { TraceKind } from "./kinds.ts";
import { type Arrow, Conversation } from "./conversation.ts";
import { byId, h } from "./dom.ts";
import { showHeader } from "./header_view.ts";
import { Ladder } from "./ladder.ts";
import { decodePacket } from "./packet.ts";
import { Plots } from "./plot_view.ts";
import { showStates } from "./state_view.ts";
import { ConnectionTable, showCounters } from "./table_view.ts";
import { count, say, type Text } from "./text.ts";

/** Arrows that are shown: the first ones and the latest. */
const ARROWS_MAX = 700;
const ARROWS_FIRST = 32;
const ARROWS_LAST = 480;

const WORDS = {
  connecting: { en: "Connecting …", zh: "正在连接……" },
  lost: { en: "The server does not answer. Trying again …", zh: "服务器没有应答,正在重试……" },
  resting: { en: "Resting while nobody looks.", zh: "无人观看,暂停中。" },
  watching: (overview: Overview): Text => ({
    en: `Live from ${overview.addresses.join(", ")}: ${count(overview.open)} open, ` +
      `${overview.viewers} watching` +
      (overview.forgotten > 0 ? `, ${count(overview.forgotten)} older ones forgotten` : ""),
    zh: `来自 ${overview.addresses.join("、")} 的实时数据:${count(overview.open)} 个连接,` +
      `${overview.viewers} 人观看` +
      (overview.forgotten > 0 ? `,较早的 ${count(overview.forgotten)} 个已不保留` : ""),
  }),
  nothing: {
    en: "Choose a connection, or wait for the next one.",
    zh: "选择一个连接,或等待下一个。",
  },
  peer: { en: "peer", zh: "对端" },
  stack: { en: "woshou", zh: "woshou(本栈)" },
};

/** Watches the stack and shows it. */
export class Live {
  #source: EventSource | null = null;
  #overview: Overview | null = null;
  #id = -1;
  #conversation = new Conversation();
  #news = 0;
  readonly #ladder: Ladder;
  readonly #table: ConnectionTable;
  readonly #plots: Plots;
  readonly #follow = byId("follow") as HTMLInputElement;
  readonly #raw = byId("raw") as HTMLInputElement;

  constructor() {
    this.#ladder = new Ladder({ raw: false, onChoose: (arrow) => this.#chosen(arrow) });
    byId("live-ladder").replaceChildren(this.#ladder.element);
    this.#table = new ConnectionTable(byId("connections"), (id) => {
      this.#follow.checked = false;
      this.#choose(id);
    });
    this.#plots = new Plots(byId("plots"));
    this.#raw.addEventListener("change", () => {
      this.#ladder.options.raw = this.#raw.checked;
      this.#showAll();
    });
    this.#follow.addEventListener("change", () => this.#followNewest());
  }

  /** Begins to watch. */
  open(): void {
    if (this.#source !== null) return;
    this.#say(WORDS.connecting);
    const query = this.#id < 0 ? "" : `?connection=${this.#id}`;
    const source = new EventSource(`/events${query}`);
    this.#source = source;
    // The log of the connection comes from its beginning.
    this.#forget();
    source.addEventListener("overview", (event) => this.#onOverview(JSON.parse(event.data)));
    source.addEventListener("log", (event) => this.#onLog(JSON.parse(event.data)));
    source.addEventListener("gone", () => this.#choose(-1));
    source.addEventListener("error", () => {
      this.#say(WORDS.lost);
      // The browser connects again by itself, and the log begins anew.
      this.#forget();
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#reopen(source), 2000);
    });
  }

  /** Stops to watch: while nobody looks the trace is off. */
  close(): void {
    this.#source?.close();
    this.#source = null;
    this.#say(WORDS.resting);
  }

  /** Shows everything anew, in another language. */
  redraw(): void {
    this.#showAll();
    this.#plots.draw();
    this.#table.draw();
    if (this.#overview !== null) this.#onOverview(this.#overview);
  }

  #reopen(source: EventSource): void {
    if (this.#source !== source) return;
    this.close();
    this.open();
  }

  #say(words: Text): void {
    const place = byId("status");
    if (place.textContent !== say(words)) place.textContent = say(words);
  }

  #forget(): void {
    this.#conversation = new Conversation();
    this.#ladder.chosen = null;
    this.#plots.clear();
    this.#showAll();
    showHeader(byId("live-header"), null);
  }

  #choose(id: number): void {
    if (id === this.#id) return;
    this.#id = id;
    this.#table.chosen = id;
    this.#source?.close();
    this.#source = null;
    this.open();
    this.#table.draw();
  }

  #onOverview(overview: Overview): void {
    this.#overview = overview;
    this.#say(WORDS.watching(overview));
    this.#table.address = overview.addresses[0];
    this.#table.chosen = this.#id;
    this.#table.show(overview.connections);
    showCounters(byId("counters"), byId("drops"), overview);
    byId("version").textContent = overview.version;
    this.#drawStates();
    this.#drawEnds();
    this.#followNewest();
  }

  #followNewest(): void {
    if (!this.#follow.checked || this.#overview === null) return;
    const { connections } = this.#overview;
    const newest = connections.find((row) => !row.page && row.lines > 0);
    if (newest !== undefined) this.#choose(newest.id);
  }

  #row(): OverviewRow | undefined {
    return this.#overview?.connections.find((row) => row.id === this.#id);
  }

  #onLog(news: LogNews): void {
    if (news.id !== this.#id) return;
    const conversation = this.#conversation;
    if (news.skipped > 0) conversation.skipped(this.#news++, news.lines[0]?.[1] ?? 0);
    for (const line of news.lines) {
      const [number, timeUs, kind] = line;
      if (line[2] === TraceKind.state) {
        conversation.state(number, timeUs, line[3] as State, line[4] as State);
        continue;
      }
      const bytes = Uint8Array.from(atob(line[5]), (letter) => letter.charCodeAt(0));
      const packet = decodePacket(bytes, line[3], line[4]);
      const isInput = kind === TraceKind.segmentIn;
      if (packet !== null) conversation.segment(number, timeUs, isInput, packet);
    }
    this.#plots.add(news.samples);
    if (news.lines.length === 0) return;
    if (conversation.arrows.length > ARROWS_MAX) {
      const many = conversation.arrows.length - ARROWS_FIRST - ARROWS_LAST;
      const [first] = conversation.arrows.splice(ARROWS_FIRST, many);
      conversation.skipped(this.#news++, first.timeUs);
      conversation.arrows.splice(ARROWS_FIRST, 0, conversation.arrows.pop()!);
      this.#showAll();
    } else this.#ladder.extend();
    this.#chooseFirst();
    this.#drawStates();
    this.#drawEnds();
  }

  /** Something is always decoded: the first segment, until another is chosen. */
  #chooseFirst(): void {
    if (this.#ladder.chosen !== null) return;
    const first = this.#conversation.arrows.find((arrow) => arrow.packet !== null);
    if (first !== undefined) this.#ladder.choose(first);
  }

  #chosen(arrow: Arrow): void {
    showHeader(byId("live-header"), arrow.packet);
  }

  #showAll(): void {
    const { arrows } = this.#conversation;
    this.#ladder.show(arrows);
    byId("live-empty").hidden = arrows.length > 0;
    byId("live-empty").textContent = say(WORDS.nothing);
    const chosen = arrows.find((arrow) => arrow.id === this.#ladder.chosen);
    if (chosen !== undefined) this.#chosen(chosen);
  }

  #drawEnds(): void {
    const row = this.#row();
    const { ownLeft, arrows } = this.#conversation;
    byId("live-empty").hidden = arrows.length > 0;
    const own = end(say(WORDS.stack), row?.local);
    const peer = end(say(WORDS.peer), row?.remote);
    byId("live-left").replaceChildren(ownLeft ? own : peer);
    byId("live-right").replaceChildren(ownLeft ? peer : own);
  }

  #drawStates(): void {
    const counts: Record<string, number> = {};
    for (const { state } of this.#overview?.connections ?? []) {
      counts[state] = (counts[state] ?? 0) + 1;
    }
    const { path, ownState } = this.#conversation;
    const current = ownState || (this.#row()?.state ?? "");
    showStates(byId("states"), { counts, path, current });
  }
}

function end(name: string, address = ""): HTMLElement {
  return h("span", { class: "end" }, h("b", {}, name), " ", h("code", {}, address));
}
