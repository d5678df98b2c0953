/** The sequence diagram: one row for each segment, and one of them chosen. */

import { Flag } from "../wire/segment.ts";
import { type Arrow, arrowText, detailText, type Mark } from "./conversation.ts";
import { type Child, h, rove, s } from "./dom.ts";
import { duration, say, type Text } from "./text.ts";

const MARKS: Readonly<Record<Mark, Text>> = {
  retransmission: { en: "sent again", zh: "重传" },
  duplicate: { en: "duplicate ACK", zh: "重复确认" },
  sack: { en: "SACK", zh: "选择确认" },
  probe: { en: "probe", zh: "探测" },
  skipped: { en: "segments that are not kept any more", zh: "此处有未保留的报文段" },
  zero: { en: "window closed", zh: "零窗口" },
};

const WORDS = {
  lost: { en: "lost", zh: "丢失" },
  from: { en: "from left to right", zh: "从左到右" },
  back: { en: "from right to left", zh: "从右到左" },
};

/** What a ladder shows at its sides and tells. */
export interface LadderOptions {
  /** Told of the row that was chosen. */
  readonly onChoose: (arrow: Arrow) => void;
  /** Shows times and numbers as they are instead of relative ones. */
  raw: boolean;
}

/** A sequence diagram in a list of its own. */
export class Ladder {
  readonly element: HTMLOListElement = h("ol", { class: "ladder" });
  readonly options: LadderOptions;
  chosen: string | null = null;
  #arrows: readonly Arrow[] = [];
  #rows: HTMLLIElement[] = [];
  /** Whether the last row is to stay in sight as rows are added. */
  #followsEnd = false;

  constructor(options: LadderOptions) {
    this.options = options;
    rove(this.element, "button.row", (row) => row.click());
    this.element.addEventListener("scroll", () => {
      const { scrollTop, scrollHeight, clientHeight } = this.element;
      this.#followsEnd = scrollTop + clientHeight > scrollHeight - 40;
    });
  }

  /** Shows other arrows. */
  show(arrows: readonly Arrow[]): void {
    this.#arrows = arrows;
    this.#rows = [];
    this.element.replaceChildren();
    this.#followsEnd = false;
    this.extend();
  }

  /** Shows arrows that were added to the ones that are shown; of the last one the state may have changed. */
  extend(): void {
    const from = Math.max(0, this.#rows.length - 1);
    for (let i = from; i < this.#arrows.length; i++) {
      const row = this.#row(this.#arrows[i], i);
      if (i < this.#rows.length) {
        const old = this.#rows[i];
        const hadFocus = old.contains(document.activeElement);
        old.replaceWith(row);
        if (hadFocus) row.querySelector("button")?.focus({ preventScroll: true });
      } else this.element.append(row);
      this.#rows[i] = row;
    }
    if (this.#followsEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  /** Chooses the row of an arrow, as a click on it does. */
  choose(arrow: Arrow): void {
    this.chosen = arrow.id;
    for (const [i, row] of this.#rows.entries()) {
      const button = row.querySelector("button");
      const isChosen = this.#arrows[i].id === arrow.id;
      button?.setAttribute("aria-pressed", String(isChosen));
      if (button !== null) button.tabIndex = isChosen ? 0 : -1;
    }
    this.options.onChoose(arrow);
  }

  #row(arrow: Arrow, index: number): HTMLLIElement {
    if (arrow.marks.includes("skipped")) {
      return h("li", { class: "gap" }, `⋮ ${say(MARKS.skipped)} ⋮`);
    }
    const previous = index === 0 ? arrow : this.#arrows[index - 1];
    const time = index === 0 ? "0" : `+${duration(arrow.timeUs - previous.timeUs)}`;
    const cells: Child[] = [
      h("span", { class: "time" }, time),
      stateCell("left", arrow.left),
      arrow.packet === null ? h("span", { class: "wire idle" }) : this.#wire(arrow),
      stateCell("right", arrow.right),
    ];
    if (arrow.packet === null) return h("li", {}, h("div", { class: "row" }, ...cells));
    const isChosen = arrow.id === this.chosen;
    const isFirst = index === 0 && this.chosen === null;
    return h(
      "li",
      {},
      h("button", {
        type: "button",
        class: "row",
        "data-id": arrow.id,
        "aria-pressed": String(isChosen),
        "aria-label": this.#label(arrow),
        tabindex: isChosen || isFirst ? 0 : -1,
        click: () => this.choose(arrow),
      }, ...cells),
    );
  }

  #wire(arrow: Arrow): HTMLElement {
    const tags = arrow.marks.map((mark) => h("em", { class: `tag ${mark}` }, say(MARKS[mark])));
    const lostTag = arrow.lost ? h("em", { class: "tag lost" }, say(WORDS.lost)) : null;
    const direction = arrow.fromLeft ? "to-right" : "to-left";
    const classes = `wire ${direction} ${kindOf(arrow)}${arrow.lost ? " is-lost" : ""}${
      arrow.marks.includes("retransmission") ? " again" : ""
    }`;
    return h(
      "span",
      { class: classes },
      h("span", { class: "what" }, this.#text(arrow), ...tags, lostTag),
      s(
        "svg",
        { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
        s("line", arrowLine(arrow)),
      ),
      h("span", { class: "head", "aria-hidden": "true" }, arrow.lost ? "✕" : ""),
      h("span", { class: "detail" }, detailText(arrow)),
    );
  }

  #text(arrow: Arrow): string {
    const { packet } = arrow;
    if (!this.options.raw || packet === null) return arrowText(arrow);
    const raw = { ...arrow, seq: packet.seq, ack: arrow.ack === null ? null : packet.ack };
    return arrowText(raw);
  }

  #label(arrow: Arrow): string {
    const marks = arrow.marks.map((mark) => say(MARKS[mark]));
    const way = say(arrow.fromLeft ? WORDS.from : WORDS.back);
    const states = [arrow.left, arrow.right].filter((state) => state !== null);
    const lost = arrow.lost ? [say(WORDS.lost)] : [];
    return [way, this.#text(arrow), detailText(arrow), ...marks, ...lost, ...states].join(", ");
  }
}

function stateCell(side: "left" | "right", state: string | null): HTMLElement {
  if (state === null) return h("span", { class: `state ${side}` });
  const name = h("b", { "data-state": state });
  // May be broken at its hyphens where there is little room.
  state.split("-").forEach((part, i) => name.append(...(i > 0 ? ["-", h("wbr")] : []), part));
  return h("span", { class: `state ${side}` }, name);
}

function arrowLine({ fromLeft, lost }: Arrow): Record<string, number> {
  const end = lost ? 58 : 100;
  const y2 = lost ? 8 : 12;
  return fromLeft ? { x1: 0, y1: 1, x2: end, y2 } : { x1: 100, y1: 1, x2: 100 - end, y2 };
}

/** What kind of segment it is, for its colour. */
export function kindOf({ packet }: Arrow): string {
  const flags = packet?.flags ?? 0;
  if ((flags & Flag.RST) !== 0) return "rst";
  if ((flags & Flag.SYN) !== 0) return "syn";
  if ((flags & Flag.FIN) !== 0) return "fin";
  return (packet?.payloadBytes ?? 0) > 0 ? "data" : "ack";
}
