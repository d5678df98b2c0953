import type { Text } from "./text.ts";

/** The texts that stand in page.html, by the names that it has for them. */
export const PAGE_TEXTS: Readonly<Record<string, Text>> = {
  title: { en: "woshou: watch the handshake", zh: "woshou:观看握手" },
  tagline: { en: "watch the handshake", zh: "观看 TCP 握手" },
  live: { en: "Live", zh: "实时" },
  lesson: { en: "Step by step", zh: "分步讲解" },
  pages: { en: "Parts of this page", zh: "页面导航" },
  language: { en: "中文", zh: "English" },
  languageLabel: { en: "中文: show this page in Chinese", zh: "English:用英文显示本页" },
  skip: { en: "Skip to the content", zh: "跳到正文" },
  connections: { en: "Connections", zh: "连接" },
  follow: { en: "Follow the newest", zh: "跟随最新连接" },
  raw: { en: "Raw sequence numbers", zh: "原始序号" },
  sequence: { en: "Sequence diagram", zh: "时序图" },
  header: { en: "Header, bit by bit", zh: "逐位解析首部" },
  states: { en: "States", zh: "状态图" },
  plots: { en: "Windows and times", zh: "窗口与时间" },
  drops: { en: "Drops by reason", zh: "丢弃原因" },
  counters: { en: "Counters", zh: "计数器" },
  keys: {
    en: "Arrow keys move in lists and headers.",
    zh: "在列表和首部中可用方向键移动。",
  },
  lessonTitle: { en: "A connection, step by step", zh: "一步一步看一个连接" },
  lessonKeys: {
    en: "← and → go back and forward. Both stacks run in your browser, with 20 ms between them.",
    zh: "按 ← 和 → 后退或前进。两个协议栈都在你的浏览器里运行,相隔 20 毫秒。",
  },
  stories: { en: "What is lost", zh: "丢失什么" },
  client: { en: "client", zh: "客户端" },
  server: { en: "server", zh: "服务器" },
  first: { en: "To the start", zh: "回到开头" },
  back: { en: "Back", zh: "后退" },
  next: { en: "Forward", zh: "前进" },
  last: { en: "To the end", zh: "到最后" },
  steps: { en: "Steps", zh: "步骤" },
  source: {
    en: "A user-space TCP/IP stack for Deno. This page comes through it.",
    zh: "Deno 的用户态 TCP/IP 协议栈。本页面就是由它传来的。",
  },
};
