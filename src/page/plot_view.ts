/** Plots of windows and times, drawn by uPlot, which the server has beside the page. */

import type { Sample } from "../trace/feed.ts";
import { h } from "./dom.ts";
import { count, duration, say, type Text } from "./text.ts";

/** What is used of uPlot. */
interface Plot {
  setData(data: (number | null)[][]): void;
  setSize(size: { width: number; height: number }): void;
  destroy(): void;
}
type PlotMaker = new (options: object, data: (number | null)[][], place: HTMLElement) => Plot;

/** Samples that a plot shows; the server thins its own out in the same way. */
const SAMPLES_MAX = 2048;
const HEIGHT = 210;
const MAX_WORD = 0x7fff_ffff;

const WORDS = {
  time: { en: "time (s)", zh: "时间(秒)" },
  bytes: { en: "Windows and flight, bytes", zh: "窗口与在途数据(字节)" },
  times: { en: "Round trip, ms", zh: "往返时间(毫秒)" },
  cwnd: { en: "cwnd", zh: "拥塞窗口 cwnd" },
  ssthresh: { en: "ssthresh", zh: "慢启动门限 ssthresh" },
  inFlight: { en: "in flight", zh: "在途" },
  window: { en: "peer's window", zh: "对方窗口" },
  rtt: { en: "smoothed RTT", zh: "平滑 RTT" },
  rto: { en: "RTO", zh: "重传超时 RTO" },
  empty: {
    en: "Numbers come as soon as the connection moves.",
    zh: "连接有活动后即显示数据。",
  },
};

const LINES: readonly (readonly [column: number, label: Text, color: string])[] = [
  [1, WORDS.cwnd, "--syn"],
  [2, WORDS.ssthresh, "--rst"],
  [3, WORDS.inFlight, "--data"],
  [4, WORDS.window, "--ack"],
];
const TIMES: typeof LINES = [[5, WORDS.rtt, "--fin"], [6, WORDS.rto, "--ack"]];

let maker: PlotMaker | null = null;

/** The two plots of the chosen connection. */
export class Plots {
  readonly #place: HTMLElement;
  readonly samples: Sample[] = [];
  #plots: Plot[] = [];

  constructor(place: HTMLElement) {
    this.#place = place;
    new ResizeObserver(() => this.#fit()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Forgets what is shown. */
  clear(): void {
    this.samples.length = 0;
    this.draw();
  }

  /** Adds samples; only as many plots are made anew as have to be. */
  add(samples: readonly Sample[]): void {
    const wasEmpty = this.samples.length === 0;
    this.samples.push(...samples);
    if (this.samples.length > SAMPLES_MAX) {
      const thinned = this.samples.filter((_, i) => i % 2 === 0);
      this.samples.splice(0, Infinity, ...thinned);
    }
    if (wasEmpty || this.#plots.length === 0) this.draw();
    else this.#plots.forEach((plot, i) => plot.setData(this.#data(i === 0 ? LINES : TIMES)));
  }

  /** Draws everything anew: in another language or other colours. */
  draw(): void {
    for (const plot of this.#plots) plot.destroy();
    this.#plots = [];
    this.#place.replaceChildren();
    if (this.samples.length === 0) {
      this.#place.append(h("p", { class: "hint" }, say(WORDS.empty)));
    } else if (maker === null) void this.#load();
    else {
      this.#make(maker, say(WORDS.bytes), LINES);
      this.#make(maker, say(WORDS.times), TIMES);
    }
  }

  async #load(): Promise<void> {
    const address = new URL("/uplot.js", location.href).href;
    const module = await import(address) as { default: PlotMaker };
    if (maker !== null) return;
    maker = module.default;
    this.draw();
  }

  #make(Maker: PlotMaker, title: string, lines: typeof LINES): void {
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const axis = { stroke: color("--text"), grid: { stroke: color("--line"), width: 1 } };
    const isTimes = lines === TIMES;
    const shown = (value: number | null) =>
      value === null ? "–" : isTimes ? duration(value * 1000) : count(value);
    const options = {
      width: this.#width(),
      height: HEIGHT,
      // RTT and RTO are far apart: 1 ms and 200 ms on a local link.
      scales: { x: { time: false }, y: { distr: isTimes ? 3 : 1 } },
      axes: [
        { ...axis, label: say(WORDS.time), labelSize: 20, size: 34 },
        { ...axis, size: 58, values: (_: unknown, ticks: (number | null)[]) => ticks.map(short) },
      ],
      series: [
        { label: say(WORDS.time), value: (_: unknown, x: number | null) => x?.toFixed(3) ?? "–" },
        ...lines.map(([, label, name]) => ({
          label: say(label),
          stroke: color(name),
          width: 2,
          points: { show: this.samples.length < 60, size: 5 },
          value: (_: unknown, value: number | null) => shown(value),
        })),
      ],
    };
    const place = h("div", { role: "group", "aria-label": title });
    this.#place.append(h("h3", {}, title), place);
    this.#plots.push(new Maker(options, this.#data(lines), place));
  }

  #data(lines: typeof LINES): (number | null)[][] {
    const { samples } = this;
    const start = samples[0][0];
    const scale = lines === TIMES ? 1000 : 1;
    const least = lines === TIMES ? 1 : 0;
    const value = (raw: number) => raw < least || raw >= MAX_WORD ? null : raw / scale;
    return [
      samples.map(([timeUs]) => (timeUs - start) / 1e6),
      ...lines.map(([column]) => samples.map((sample) => value(sample[column]))),
    ];
  }

  #width(): number {
    return Math.max(200, this.#place.clientWidth);
  }

  #fit(): void {
    for (const plot of this.#plots) plot.setSize({ width: this.#width(), height: HEIGHT });
  }
}

/** A tick of an axis, short enough for a narrow one; null is one without a text. */
function short(value: number | null): string {
  if (value === null) return "";
  if (Math.abs(value) >= 1e6) return `${+(value / 1e6).toFixed(2)}M`;
  return Math.abs(value) >= 1e4 ? `${+(value / 1e3).toFixed(1)}k` : String(+value.toFixed(3));
}
