/** The state diagram of RFC 9293 section 3.3.2, with the connections in it. */

import { h, s } from "./dom.ts";
import { say, type Text } from "./text.ts";

const BOX_WIDTH = 124;
const BOX_HEIGHT = 34;

/** Where the states stand: the middle of each box. RFC 9293 draws CLOSED twice, too. */
const PLACES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  BEGIN: [270, 22],
  LISTEN: [270, 96],
  "SYN-RECEIVED": [72, 180],
  "SYN-SENT": [468, 180],
  ESTABLISHED: [270, 252],
  "FIN-WAIT-1": [72, 330],
  "CLOSE-WAIT": [468, 330],
  CLOSING: [270, 390],
  "FIN-WAIT-2": [72, 450],
  "LAST-ACK": [468, 450],
  "TIME-WAIT": [270, 480],
  CLOSED: [468, 540],
};

/** From, to, what happens, and where its text stands along the way (0 to 1) and beside it. */
const EDGES: readonly (readonly [
  from: string,
  to: string,
  label: Text,
  along: number,
  dx: number,
  dy: number,
])[] = [
  ["BEGIN", "LISTEN", { en: "passive open", zh: "被动打开" }, 0.5, -46, 4],
  ["BEGIN", "SYN-SENT", { en: "active open / SYN", zh: "主动打开 / SYN" }, 0.4, 52, -6],
  ["LISTEN", "SYN-RECEIVED", { en: "SYN / SYN ACK", zh: "SYN / SYN ACK" }, 0.5, -46, -8],
  ["LISTEN", "SYN-SENT", { en: "send / SYN", zh: "发送 / SYN" }, 0.55, -30, 14],
  ["SYN-SENT", "SYN-RECEIVED", { en: "SYN / SYN ACK", zh: "SYN / SYN ACK" }, 0.5, 0, -5],
  ["SYN-RECEIVED", "ESTABLISHED", { en: "ACK", zh: "ACK" }, 0.5, -16, 12],
  ["SYN-SENT", "ESTABLISHED", { en: "SYN ACK / ACK", zh: "SYN ACK / ACK" }, 0.5, 44, 14],
  ["SYN-RECEIVED", "FIN-WAIT-1", { en: "close / FIN", zh: "关闭 / FIN" }, 0.5, 42, 4],
  ["ESTABLISHED", "FIN-WAIT-1", { en: "close / FIN", zh: "关闭 / FIN" }, 0.5, 34, 14],
  ["ESTABLISHED", "CLOSE-WAIT", { en: "FIN / ACK", zh: "FIN / ACK" }, 0.5, 36, -4],
  ["FIN-WAIT-1", "FIN-WAIT-2", { en: "ACK of FIN", zh: "FIN 的 ACK" }, 0.5, 40, 14],
  ["FIN-WAIT-1", "CLOSING", { en: "FIN / ACK", zh: "FIN / ACK" }, 0.5, 20, -8],
  ["FIN-WAIT-1", "TIME-WAIT", { en: "FIN ACK / ACK", zh: "FIN ACK / ACK" }, 0.5, -2, 22],
  ["FIN-WAIT-2", "TIME-WAIT", { en: "FIN / ACK", zh: "FIN / ACK" }, 0.5, -8, 20],
  ["CLOSING", "TIME-WAIT", { en: "ACK of FIN", zh: "FIN 的 ACK" }, 0.5, 38, 4],
  ["CLOSE-WAIT", "LAST-ACK", { en: "close / FIN", zh: "关闭 / FIN" }, 0.5, -42, 4],
  ["LAST-ACK", "CLOSED", { en: "ACK of FIN", zh: "FIN 的 ACK" }, 0.5, -40, -4],
  ["TIME-WAIT", "CLOSED", { en: "after 2 MSL", zh: "2 MSL 之后" }, 0.5, -34, 14],
];

const WORDS = {
  title: { en: "State diagram of RFC 9293", zh: "RFC 9293 状态图" },
  nobody: { en: "no connections", zh: "没有连接" },
};

/** What the diagram shows. */
export interface StateViewInput {
  /** Connections in each state. */
  readonly counts: Readonly<Record<string, number>>;
  /** The way that the chosen connection has gone. */
  readonly path: readonly (readonly [before: string, after: string])[];
  /** The state that it is in, empty when there is none. */
  readonly current: string;
}

/** Draws the diagram into `place`. */
export function showStates(place: HTMLElement, input: StateViewInput): void {
  const { counts, path, current } = input;
  const gone = new Set(path.map(([before, after]) => `${boxOf(before)} ${after}`));
  const summary = Object.entries(counts).map(([name, number]) => `${name} ${number}`).join(", ");
  const title = `${say(WORDS.title)}: ${summary || say(WORDS.nobody)}`;
  const edges = EDGES.map((edge) => drawEdge(place, edge, gone.has(`${edge[0]} ${edge[1]}`)));
  const drawing = s(
    "svg",
    { viewBox: "0 0 540 562", role: "img", "aria-label": title, class: "states" },
    // The two drawings of the page have heads of their own: those of a hidden one are not drawn.
    s("defs", {}, head(place, "head"), head(place, "head-gone")),
    ...edges,
    ...Object.keys(PLACES).map((name) => drawBox(name, counts, current)),
  );
  place.replaceChildren(drawing, h("p", { class: "unseen" }, title));
}

/** A connection begins in the upper CLOSED and ends in the lower one. */
function boxOf(before: string): string {
  return before === "CLOSED" ? "BEGIN" : before;
}

function head(place: HTMLElement, name: string): SVGElement {
  const marker = {
    id: `${place.id}-${name}`,
    viewBox: "0 0 8 8",
    refX: 7,
    refY: 4,
    markerWidth: 7,
    markerHeight: 7,
    orient: "auto",
  };
  return s("marker", marker, s("path", { d: "M0 0 8 4 0 8z", class: name }));
}

function drawEdge(place: HTMLElement, edge: (typeof EDGES)[number], gone: boolean): Node {
  const [from, to, label, along, dx, dy] = edge;
  const [x1, y1] = PLACES[from];
  const [x2, y2] = PLACES[to];
  const [ax, ay] = border(x1, y1, x2, y2);
  const [bx, by] = border(x2, y2, x1, y1);
  const x = ax + (bx - ax) * along + dx;
  const y = ay + (by - ay) * along + dy;
  return s(
    "g",
    { class: gone ? "edge gone" : "edge" },
    s("line", {
      x1: ax,
      y1: ay,
      x2: bx,
      y2: by,
      "marker-end": `url(#${place.id}-${gone ? "head-gone" : "head"})`,
    }),
    s("text", { x, y, "text-anchor": "middle" }, say(label)),
  );
}

/** Where the line from the middle of a box to another point leaves the box. */
function border(x: number, y: number, toX: number, toY: number): [number, number] {
  const [dx, dy] = [toX - x, toY - y];
  const scale = Math.min(
    dx === 0 ? Infinity : (BOX_WIDTH / 2 + 2) / Math.abs(dx),
    dy === 0 ? Infinity : (BOX_HEIGHT / 2 + 2) / Math.abs(dy),
  );
  return [x + dx * scale, y + dy * scale];
}

function drawBox(name: string, counts: Readonly<Record<string, number>>, current: string): Node {
  const [x, y] = PLACES[name];
  const shown = name === "BEGIN" ? "CLOSED" : name;
  const number = counts[name] ?? 0;
  const box = { x: x - BOX_WIDTH / 2, y: y - BOX_HEIGHT / 2, width: BOX_WIDTH };
  const classes = `box${name === current ? " current" : ""}${number > 0 ? " used" : ""}`;
  return s(
    "g",
    { class: classes, "data-state": name, "data-count": number },
    s("rect", { ...box, height: BOX_HEIGHT, rx: 8 }),
    s("text", { x, y: y + 5, "text-anchor": "middle" }, shown),
    number > 0 ? s("circle", { cx: box.x + BOX_WIDTH, cy: y, r: 12 }) : null,
    number > 0
      ? s("text", {
        class: "count",
        x: box.x + BOX_WIDTH,
        y: y + 4,
        "text-anchor": "middle",
      }, number > 999 ? "1k+" : number)
      : null,
  );
}
