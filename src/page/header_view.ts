/** The header of a segment: drawn as the RFCs draw it, and as a list of its fields. */

import { h, rove } from "./dom.ts";
import { type Field, flagsText, type Packet } from "./packet.ts";
import { say } from "./text.ts";

const WORD_BITS = 32;
const WORDS = {
  none: { en: "Choose a segment to see its bits.", zh: "选择一个报文段,查看它的每一位。" },
  field: { en: "Field", zh: "字段" },
  bits: { en: "Bits", zh: "位" },
  value: { en: "Value", zh: "值" },
  meaning: { en: "Meaning", zh: "含义" },
  headerOf: { en: "header", zh: "首部" },
  data: { en: "bytes of data follow", zh: "字节数据随后" },
};

/** Shows the headers of a packet in `place`; null shows what to do to see one. */
export function showHeader(place: HTMLElement, packet: Packet | null): void {
  if (packet === null) {
    place.replaceChildren(h("p", { class: "hint" }, say(WORDS.none)));
    return;
  }
  const { bytes, tcpAt } = packet;
  const said = h("p", { class: "field-said", "aria-live": "polite" });
  const title = `${flagsText(packet.flags)} · ${packet.src} → ${packet.dst}`;
  const tcpBytes = bytes.subarray(tcpAt);
  place.replaceChildren(
    h("p", { class: "packet-title" }, title),
    said,
    h("h3", {}, `TCP ${say(WORDS.headerOf)}`),
    grid(packet.tcp, tcpBytes, said),
    h("p", { class: "hint" }, `${packet.payloadBytes} ${say(WORDS.data)}`),
    h("h3", {}, `${packet.family} ${say(WORDS.headerOf)}`),
    grid(packet.ip, bytes.subarray(0, tcpAt), said),
    h(
      "details",
      {},
      h("summary", {}, `${say(WORDS.field)} · ${say(WORDS.meaning)}`),
      table([...packet.tcp, ...packet.ip], [...packet.tcp.map(() => tcpAt * 8), 0]),
    ),
  );
  const seq = packet.tcp[2];
  tell(said, seq, tcpBytes);
}

/** The bits of a field as text. */
function bitsOf(field: Field, bytes: Uint8Array, from = 0, length = field.bits): string {
  let bits = "";
  for (let bit = field.at + from; bit < field.at + from + length; bit++) {
    bits += (bytes[bit >>> 3] >>> (7 - (bit & 7))) & 1;
  }
  return bits;
}

/** The drawing: 32 columns, one for each bit; every part of a field in a row is a button. */
function grid(fields: readonly Field[], bytes: Uint8Array, said: HTMLElement): HTMLElement {
  const drawing = h("div", { class: "bits", role: "group" });
  for (let bit = 0; bit < WORD_BITS; bit += 8) {
    drawing.append(h("span", { class: "scale", style: `grid-column: span 8` }, bit));
  }
  fields.forEach((field, index) => {
    for (let done = 0; done < field.bits;) {
      const room = WORD_BITS - (field.at + done) % WORD_BITS;
      const length = Math.min(room, field.bits - done);
      drawing.append(cell(field, index, bytes, done, length, said));
      done += length;
    }
  });
  rove(drawing, "button", (button) => button.click());
  return drawing;
}

function cell(
  field: Field,
  index: number,
  bytes: Uint8Array,
  from: number,
  length: number,
  said: HTMLElement,
): HTMLElement {
  const isFirst = from === 0;
  const place = `${field.at}–${field.at + field.bits - 1}`;
  const name = say(field.name);
  return h(
    isFirst ? "button" : "div",
    {
      class: `cell${length <= 3 ? " narrow" : ""}${isFirst ? "" : " more"}`,
      style: `grid-column: span ${length}`,
      "data-field": field.name.en,
      "data-value": field.value,
      "data-set": length === 1 && field.value === "1",
      "aria-label": isFirst ? `${name}, ${say(WORDS.bits)} ${place}: ${field.value}` : undefined,
      title: name,
      type: isFirst ? "button" : undefined,
      tabindex: isFirst && index > 0 ? -1 : undefined,
      click: (event) => {
        const button = event.currentTarget as HTMLElement;
        button.parentElement!.querySelectorAll("button").forEach((each) => each.tabIndex = -1);
        button.tabIndex = 0;
        tell(said, field, bytes);
      },
    },
    h("span", { class: "name" }, isFirst ? name : "…"),
    isFirst && length > 3 ? h("span", { class: "value" }, field.value) : null,
    h("span", { class: "digits", "aria-hidden": "true" }, bitsOf(field, bytes, from, length)),
  );
}

function tell(said: HTMLElement, field: Field, bytes: Uint8Array): void {
  const digits = field.bits <= 32 ? bitsOf(field, bytes).replace(/(.{8})(?=.)/g, "$1 ") : "";
  said.replaceChildren(
    h("b", {}, say(field.name)),
    " ",
    h("code", {}, field.value),
    " ",
    h("code", { class: "digits" }, digits),
    h("br"),
    say(field.meaning),
  );
}

function table(fields: readonly Field[], starts: readonly number[]): HTMLElement {
  const heads = [WORDS.field, WORDS.bits, WORDS.value, WORDS.meaning];
  const rows = fields.map((field, i) => {
    const at = field.at + (starts[i] ?? 0);
    const place = field.bits === 1 ? `${at}` : `${at}–${at + field.bits - 1}`;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, say(field.name)),
      h("td", {}, place),
      h("td", {}, field.value),
      h("td", { class: "prose" }, say(field.meaning)),
    );
  });
  const head = h("tr", {}, ...heads.map((words) => h("th", { scope: "col" }, say(words))));
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": say(WORDS.field) },
    h("table", { class: "fields" }, h("thead", {}, head), h("tbody", {}, ...rows)),
  );
}
