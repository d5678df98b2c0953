/** What headers mean, in English and Chinese; and which of the two is shown. */

/** A text in both languages. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}

/** A language of the page. */
export type Language = keyof Text;

let language: Language = "en";

/** The language that is shown. */
export function currentLanguage(): Language {
  return language;
}

/** Shows another language from now on. */
export function setLanguage(chosen: Language): void {
  language = chosen;
}

/** The text in the language that is shown. */
export function say(words: Text): string {
  return words[language];
}

/** What is the same in both. */
export function both(words: string): Text {
  return { en: words, zh: words };
}

/** A number with separators for thousands. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Microseconds as people read them. */
export function duration(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(us < 1e4 ? 2 : 1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}

const SYN = 2;
const ACK = 16;

const FLAG_MEANINGS: Readonly<Record<string, Text>> = {
  SYN: {
    en: "Synchronize: the sequence number is the sender's initial one.",
    zh: "同步:序号字段是发送方的初始序号。",
  },
  ACK: { en: "The acknowledgment number counts.", zh: "确认号有效。" },
  FIN: { en: "The sender has no more data.", zh: "发送方不再发送数据。" },
  RST: { en: "The connection is broken off.", zh: "连接被立即中止。" },
  PSH: { en: "Hand the data to the application now.", zh: "请立即把数据交给应用程序。" },
  URG: { en: "The urgent pointer counts.", zh: "紧急指针有效。" },
  ECE: {
    en: "Congestion was seen on the way (ECN echo); in a SYN: ECN is offered.",
    zh: "途中出现拥塞(ECN 回显);在 SYN 中表示支持 ECN。",
  },
  CWR: { en: "The congestion window was reduced.", zh: "发送方已减小拥塞窗口。" },
  AE: { en: "Accurate ECN (RFC 9768).", zh: "精确 ECN(RFC 9768)。" },
};

/** Names of fields and what they mean. */
export const text = {
  version: { en: "Version", zh: "版本" },
  versionMeans: { en: "Version of the Internet Protocol.", zh: "IP 协议的版本。" },
  headerBytes: (bytes: number): Text => ({
    en: `The header is ${bytes} bytes long (counted in words of 4).`,
    zh: `首部长 ${bytes} 字节(以 4 字节为单位)。`,
  }),
  dscpMeans: { en: "Class of service, 0 for the ordinary.", zh: "服务类别,0 为普通。" },
  totalLength: { en: "Total length", zh: "总长度" },
  totalMeans: (bytes: number): Text => ({ en: `${bytes} bytes.`, zh: `${bytes} 字节。` }),
  identification: { en: "Identification", zh: "标识" },
  identificationMeans: { en: "Which fragments belong together.", zh: "标明哪些分片属于同一个包。" },
  reservedMeans: { en: "Reserved, zero.", zh: "保留位,应为零。" },
  dfMeans: {
    en: "Don't fragment: routers answer instead.",
    zh: "不要分片:过大时路由器会回报错误。",
  },
  mfMeans: { en: "More fragments follow.", zh: "后面还有分片。" },
  fragmentOffset: { en: "Fragment offset", zh: "片偏移" },
  fragmentMeans: { en: "Place of a fragment in its packet.", zh: "分片在原包中的位置。" },
  ttlMeans: { en: "Routers that the packet may still pass.", zh: "还可以经过多少个路由器。" },
  protocol: { en: "Protocol", zh: "协议" },
  checksum: { en: "Checksum", zh: "校验和" },
  ipChecksumMeans: { en: "Over the IP header.", zh: "覆盖 IP 首部。" },
  checksumMeans: {
    en:
      "Over addresses, header and data. With offload the kernel finishes it, and here is its first part.",
    zh: "覆盖地址、首部和数据。启用卸载时由内核完成,此处只是一部分。",
  },
  source: { en: "Source", zh: "源地址" },
  sourceMeans: { en: "Who sends it.", zh: "由谁发送。" },
  destination: { en: "Destination", zh: "目的地址" },
  destinationMeans: { en: "Who is to get it.", zh: "发给谁。" },
  options: { en: "Options", zh: "选项" },
  optionsMeans: { en: "IP options.", zh: "IP 选项。" },
  flowLabel: { en: "Flow label", zh: "流标签" },
  flowMeans: { en: "The same for all packets of a flow.", zh: "同一个流的包相同。" },
  payloadLength: { en: "Payload length", zh: "载荷长度" },
  nextHeader: { en: "Next header", zh: "下一首部" },
  hopLimit: { en: "Hop limit", zh: "跳数限制" },
  sourcePort: { en: "Source port", zh: "源端口" },
  sourcePortMeans: { en: "The program that sends.", zh: "发送方的程序。" },
  destinationPort: { en: "Destination port", zh: "目的端口" },
  destinationPortMeans: { en: "The program that is to get it.", zh: "接收方的程序。" },
  seq: { en: "Sequence number", zh: "序号" },
  seqMeans: (flags: number): Text =>
    (flags & SYN) !== 0
      ? {
        en: "The initial sequence number: a number that nobody can guess. The SYN itself takes it.",
        zh: "初始序号:一个无法猜测的数。SYN 自己占用它。",
      }
      : { en: "Number of the first byte of data.", zh: "第一个数据字节的编号。" },
  ack: { en: "Acknowledgment number", zh: "确认号" },
  ackMeans: (flags: number): Text =>
    (flags & ACK) !== 0
      ? { en: "The next byte that is expected.", zh: "期待收到的下一个字节。" }
      : { en: "Means nothing without the ACK flag.", zh: "没有 ACK 标志时无意义。" },
  dataOffset: { en: "Data offset", zh: "数据偏移" },
  reserved: { en: "Rsvd", zh: "保留" },
  flagMeans: (name: string): Text => FLAG_MEANINGS[name],
  window: { en: "Window", zh: "窗口" },
  windowMeans: (flags: number): Text =>
    (flags & SYN) !== 0
      ? {
        en: "Bytes that the sender can take in; not scaled in a SYN.",
        zh: "发送方能接收的字节数;SYN 中不缩放。",
      }
      : {
        en: "Bytes that the sender can take in, to be shifted by its window scale.",
        zh: "发送方能接收的字节数,需按其窗口扩大因子左移。",
      },
  urgent: { en: "Urgent pointer", zh: "紧急指针" },
  urgentMeans: {
    en: "End of urgent data; only with URG.",
    zh: "紧急数据的末尾;仅在 URG 置位时有效。",
  },
  mssMeans: {
    en: "Largest data of a segment that the sender takes.",
    zh: "发送方能接收的最大报文段数据长度。",
  },
  windowScale: { en: "Window scale", zh: "窗口扩大" },
  scaleMeans: (shift: number): Text => ({
    en: `My windows are to be multiplied by ${2 ** shift} (RFC 7323).`,
    zh: `我的窗口值要乘以 ${2 ** shift}(RFC 7323)。`,
  }),
  sackPermitted: { en: "SACK permitted", zh: "允许 SACK" },
  sackPermittedMeans: {
    en: "Selective acknowledgments are welcome (RFC 2018).",
    zh: "允许选择确认(RFC 2018)。",
  },
  timestamps: { en: "Timestamps", zh: "时间戳" },
  timestampsMean: {
    en: "My clock, and the last one seen of yours: measures the round trip (RFC 7323).",
    zh: "我的时钟,以及最近收到的你的时钟:用于测量往返时间(RFC 7323)。",
  },
  sackMeans: { en: "Data that has arrived behind a gap.", zh: "缺口之后已经收到的数据。" },
  eolMeans: { en: "End of the options.", zh: "选项结束。" },
  nopMeans: { en: "Nothing: padding.", zh: "无操作:填充。" },
  option: (kind: number): Text => ({ en: `Option ${kind}`, zh: `选项 ${kind}` }),
  otherOptionMeans: { en: "Another option.", zh: "其他选项。" },
} as const;
