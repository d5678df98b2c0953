/** The lesson: a handshake step by step, in which segments can be lost by a click. */

import type { Arrow } from "./conversation.ts";
import { byId, h } from "./dom.ts";
import { explain } from "./explain.ts";
import { showHeader } from "./header_view.ts";
import { Ladder } from "./ladder.ts";
import { showStates } from "./state_view.ts";
import { duration, say, type Text } from "./text.ts";

type Play = (lost: ReadonlySet<string>) => Promise<Arrow[]>;

const WORDS = {
  lose: { en: "Lose this segment", zh: "让它丢失" },
  deliver: { en: "Let it arrive", zh: "让它到达" },
  step: (now: number, all: number): Text => ({
    en: `Step ${now} of ${all}`,
    zh: `第 ${now} 步,共 ${all} 步`,
  }),
  start: {
    en:
      "Two stacks, both CLOSED but for the server's listener. Step forward to begin; a click on a " +
      "segment chooses it, and then it can be lost.",
    zh:
      "两个协议栈,除服务器的监听外都处于 CLOSED。按“前进”开始;点击一个报文段可以选中它,然后让它丢失。",
  },
  failed: { en: "The lesson could not be loaded.", zh: "课程无法加载。" },
};

/** Stories that one may begin with: what is lost, by the names of frames. */
const STORIES: readonly (readonly [Text, readonly string[]])[] = [
  [{ en: "Everything arrives", zh: "一切顺利" }, []],
  [{ en: "The SYN is lost", zh: "SYN 丢失" }, ["L0"]],
  [{ en: "The SYN ACK is lost", zh: "SYN ACK 丢失" }, ["R0"]],
  [{ en: "Data is lost", zh: "数据丢失" }, ["R2"]],
  [{ en: "The last ACK is lost", zh: "最后的 ACK 丢失" }, ["L5"]],
];

/** The lesson in its section of the page. */
export class Lesson {
  #lost = new Set<string>();
  #arrows: Arrow[] = [];
  /** Steps that have been shown. */
  #step = 0;
  #play: Play | null = null;
  readonly #ladder: Ladder;

  constructor() {
    this.#ladder = new Ladder({ raw: false, onChoose: (arrow) => this.#chosen(arrow) });
    byId("lesson-ladder").replaceChildren(this.#ladder.element);
    const buttons: readonly (readonly [string, () => number])[] = [
      ["lesson-first", () => 0],
      ["lesson-back", () => this.#step - 1],
      ["lesson-next", () => this.#step + 1],
      ["lesson-last", () => this.#arrows.length],
    ];
    for (const [id, to] of buttons) byId(id).addEventListener("click", () => this.#go(to()));
    byId("lesson-lose").addEventListener("click", () => void this.#toggleLoss());
    byId("lesson").addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Shows the lesson, in the language that is chosen now. */
  async open(): Promise<void> {
    try {
      const address = new URL("/lesson.js", location.href).href;
      this.#play ??= (await import(address) as { play: Play }).play;
    } catch (error) {
      byId("lesson-said").textContent = `${say(WORDS.failed)} ${String(error)}`;
      return;
    }
    this.#drawStories();
    if (this.#arrows.length === 0) this.#arrows = await this.#play(this.#lost);
    this.#go(this.#step);
  }

  #drawStories(): void {
    const place = byId("lesson-stories");
    place.replaceChildren(...STORIES.map(([name, lost]) => {
      const isChosen = [...this.#lost].sort().join() === [...lost].sort().join();
      return h("button", {
        type: "button",
        "aria-pressed": String(isChosen),
        click: () => void this.#tell(new Set(lost), 0),
      }, say(name));
    }));
  }

  /** Plays the conversation with these losses and shows as many of its steps. */
  async #tell(lost: Set<string>, step: number): Promise<void> {
    if (this.#play === null) return;
    this.#lost = lost;
    this.#arrows = await this.#play(lost);
    const focused = document.activeElement?.textContent;
    this.#drawStories();
    const again = [...byId("lesson-stories").querySelectorAll("button")]
      .find((button) => button.textContent === focused);
    again?.focus();
    this.#go(step);
  }

  #go(step: number): void {
    this.#step = Math.max(0, Math.min(step, this.#arrows.length));
    const shown = this.#arrows.slice(0, this.#step);
    this.#ladder.chosen = shown.at(-1)?.id ?? null;
    this.#ladder.show(shown);
    const last = shown.at(-1);
    if (last === undefined) {
      byId("lesson-said").textContent = say(WORDS.start);
      showHeader(byId("lesson-header"), null);
    } else if (last.packet === null) this.#chosen(last);
    else this.#ladder.choose(last);
    this.#ladder.element.scrollTop = this.#ladder.element.scrollHeight;
    this.#draw(shown);
  }

  #draw(shown: readonly Arrow[]): void {
    const all = this.#arrows.length;
    byId("lesson-step").textContent = say(WORDS.step(this.#step, all));
    disable("lesson-first", this.#step === 0);
    disable("lesson-back", this.#step === 0);
    disable("lesson-next", this.#step === all);
    disable("lesson-last", this.#step === all);
    disable("lesson-lose", this.#selected() === undefined);
    const left = pathOf(shown.map((arrow) => arrow.left), "CLOSED");
    const right = pathOf(shown.map((arrow) => arrow.right), "LISTEN");
    const [client, server] = [left.at(-1)?.[1] ?? "CLOSED", right.at(-1)?.[1] ?? "LISTEN"];
    byId("lesson-left").replaceChildren(h("b", { "data-state": client }, client));
    byId("lesson-right").replaceChildren(h("b", { "data-state": server }, server));
    const last = shown.at(-1);
    const first = shown[0];
    byId("lesson-time").textContent = last === undefined
      ? "0 ms"
      : duration(last.timeUs - first.timeUs);
    const counts: Record<string, number> = {};
    for (const state of [client, server]) counts[state] = (counts[state] ?? 0) + 1;
    showStates(byId("lesson-states"), { counts, path: [...left, ...right], current: "" });
  }

  #chosen(arrow: Arrow): void {
    byId("lesson-said").textContent = say(explain(arrow));
    showHeader(byId("lesson-header"), arrow.packet);
    byId("lesson-lose").textContent = say(arrow.lost ? WORDS.deliver : WORDS.lose);
    disable("lesson-lose", arrow.packet === null);
  }

  #selected(): Arrow | undefined {
    return this.#arrows.find((arrow) => arrow.id === this.#ladder.chosen && arrow.packet !== null);
  }

  async #toggleLoss(): Promise<void> {
    const arrow = this.#selected();
    if (arrow === undefined) return;
    const lost = new Set(this.#lost);
    if (!lost.delete(arrow.id)) lost.add(arrow.id);
    // What was before it happens again to the microsecond; what is behind it may be different.
    await this.#tell(lost, this.#arrows.indexOf(arrow) + 1);
  }

  #onKey(event: KeyboardEvent): void {
    const inList = (event.target as HTMLElement).closest(".ladder, .bits") !== null;
    if (inList || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "ArrowRight") this.#go(this.#step + 1);
    else if (event.key === "ArrowLeft") this.#go(this.#step - 1);
    else return;
    event.preventDefault();
  }
}

function pathOf(states: readonly (string | null)[], start: string): [string, string][] {
  const path: [string, string][] = [];
  let before = start;
  for (const state of states) {
    if (state === null) continue;
    path.push([before, state]);
    before = state;
  }
  return path;
}

function disable(id: string, isDisabled: boolean): void {
  const button = byId(id) as HTMLButtonElement;
  // A button that has the focus keeps it, so that the keyboard does not lose its place.
  button.setAttribute("aria-disabled", String(isDisabled));
}
