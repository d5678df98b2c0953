/** Tables: connections, which can be sorted and chosen, and counters. */

import type { Overview, OverviewRow } from "../trace/feed.ts";
import { h } from "./dom.ts";
import { count, duration, say, type Text } from "./text.ts";

/** A column: its head, its value to sort by, its text. */
interface Column {
  readonly head: Text;
  readonly value: (row: OverviewRow) => string | number;
  readonly shown?: (row: OverviewRow) => string;
  /** Left out where there is little room. */
  readonly minor?: boolean;
}

const COLUMNS: readonly Column[] = [
  { head: { en: "Peer", zh: "对端" }, value: (row) => row.remote },
  { head: { en: "Here", zh: "本端" }, value: (row) => row.local, minor: true },
  { head: { en: "State", zh: "状态" }, value: (row) => row.state },
  {
    head: { en: "RTT", zh: "RTT" },
    value: (row) => row.rttUs,
    shown: (row) => row.rttUs === 0 ? "–" : duration(row.rttUs),
  },
  { head: { en: "cwnd", zh: "cwnd" }, value: (row) => row.cwndBytes, minor: true },
  { head: { en: "In flight", zh: "在途" }, value: (row) => row.inFlightBytes, minor: true },
  { head: { en: "Received", zh: "已收" }, value: (row) => row.bytesReceived, minor: true },
  { head: { en: "Sent", zh: "已发" }, value: (row) => row.bytesSent, minor: true },
  { head: { en: "Again", zh: "重传" }, value: (row) => row.segmentsRetransmitted, minor: true },
];

const WORDS = {
  none: { en: "No connections yet. Try:", zh: "还没有连接。试试:" },
  viewer: { en: "this page", zh: "本页面" },
  choose: { en: "Watch", zh: "查看" },
  reason: { en: "Reason", zh: "原因" },
  count: { en: "Count", zh: "次数" },
  noDrops: { en: "Nothing was dropped.", zh: "没有丢弃任何报文。" },
};

/** The table of connections. */
export class ConnectionTable {
  readonly #place: HTMLElement;
  readonly #onChoose: (id: number) => void;
  #sortBy = -1;
  #descending = true;
  #rows: readonly OverviewRow[] = [];
  chosen = -1;
  /** An address to connect to, for those who see nothing yet. */
  address = "";

  constructor(place: HTMLElement, onChoose: (id: number) => void) {
    this.#place = place;
    this.#onChoose = onChoose;
  }

  /** Shows rows. */
  show(rows: readonly OverviewRow[]): void {
    this.#rows = rows;
    this.draw();
  }

  /** Draws the table anew; the focus stays where it was. */
  draw(): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.key;
    if (this.#rows.length === 0) {
      const command = `nc ${this.address} 7`;
      this.#place.replaceChildren(
        h("p", { class: "hint" }, `${say(WORDS.none)} `, h("code", {}, command)),
      );
      return;
    }
    const body = this.#sorted().map((row) => this.#row(row));
    const head = h("tr", {}, ...COLUMNS.map((column, i) => this.#head(column, i)));
    this.#place.replaceChildren(
      h("table", { class: "connections" }, h("thead", {}, head), h("tbody", {}, ...body)),
    );
    if (focused !== undefined) {
      this.#place.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus({
        preventScroll: true,
      });
    }
  }

  #sorted(): OverviewRow[] {
    if (this.#sortBy < 0) return [...this.#rows];
    const { value } = COLUMNS[this.#sortBy];
    const sign = this.#descending ? -1 : 1;
    return [...this.#rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return sign * (x < y ? -1 : x > y ? 1 : 0);
    });
  }

  #head(column: Column, index: number): HTMLElement {
    const isSorted = index === this.#sortBy;
    const direction = this.#descending ? "descending" : "ascending";
    const mark = isSorted ? (this.#descending ? " ▾" : " ▴") : "";
    return h(
      "th",
      {
        scope: "col",
        class: `${column.minor ? "minor " : ""}${index > 2 ? "number" : ""}`,
        "aria-sort": isSorted ? direction : "none",
      },
      h("button", {
        type: "button",
        "data-key": `sort${index}`,
        click: () => {
          this.#descending = isSorted ? !this.#descending : index > 2;
          this.#sortBy = index;
          this.draw();
        },
      }, say(column.head) + mark),
    );
  }

  #row(row: OverviewRow): HTMLElement {
    const isChosen = row.id === this.chosen;
    const cells = COLUMNS.map((column, i) => {
      const value = column.value(row);
      const isNumber = typeof value === "number";
      const shown = column.shown?.(row) ?? (isNumber ? count(value) : value);
      if (i === 0) return h("th", { scope: "row" }, this.#chooser(row, shown, isChosen));
      const cell = i === 2 ? h("b", { "data-state": shown }, shown) : shown;
      return h("td", { class: `${column.minor ? "minor " : ""}${isNumber ? "number" : ""}` }, cell);
    });
    return h("tr", { class: isChosen ? "chosen" : undefined, "data-id": row.id }, ...cells);
  }

  #chooser(row: OverviewRow, shown: string, isChosen: boolean): HTMLElement {
    const tag = row.page && h("em", { class: "tag" }, say(WORDS.viewer));
    if (row.viewer) return h("span", {}, shown, " ", tag);
    const button = h("button", {
      type: "button",
      class: "link",
      "data-key": `row${row.id}`,
      "aria-pressed": String(isChosen),
      "aria-label": `${say(WORDS.choose)} ${shown}`,
      click: () => this.#onChoose(row.id),
    }, shown);
    return h("span", {}, button, " ", tag);
  }
}

/** Shows counters that are not zero, and drops by reason. */
export function showCounters(
  counters: HTMLElement,
  drops: HTMLElement,
  overview: Overview,
): void {
  const isUsed = ([, value]: [string, number]) => value !== 0;
  const used = Object.entries(overview.counters).filter(isUsed);
  counters.replaceChildren(
    h("dl", { class: "counters" }, ...used.map(([name, value]) => pair(name, value))),
  );
  const reasons = Object.entries(overview.drops).sort((a, b) => b[1] - a[1]);
  drops.replaceChildren(
    reasons.length === 0
      ? h("p", { class: "hint" }, say(WORDS.noDrops))
      : h("dl", { class: "counters" }, ...reasons.map(([name, value]) => pair(name, value))),
  );
}

function pair(name: string, value: number): HTMLElement {
  const readable = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return h("div", {}, h("dt", {}, readable), h("dd", {}, count(value)));
}
