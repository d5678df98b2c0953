/** What happens in a step of the lesson, in words. */

import { Flag } from "../wire/segment.ts";
import type { Arrow } from "./conversation.ts";
import type { Text } from "./text.ts";

const SIDES = {
  left: { en: "The client", zh: "客户端" },
  right: { en: "The server", zh: "服务器" },
};

/** The explanation of an arrow. */
export function explain(arrow: Arrow): Text {
  if (arrow.packet === null) return explainTimer(arrow);
  const parts: Text[] = [];
  if (arrow.marks.includes("retransmission")) parts.push(AGAIN);
  parts.push(explainSegment(arrow));
  if (arrow.marks.includes("sack")) parts.push(sackText(arrow));
  if (arrow.lost) parts.push(LOST);
  else parts.push(...statesText(arrow));
  return {
    en: parts.map(({ en }) => en).join(" "),
    zh: parts.map(({ zh }) => zh).join(""),
  };
}

const AGAIN: Text = {
  en: "No acknowledgment has come for it, so it is sent again.",
  zh: "没有收到对它的确认,因此重新发送。",
};

const LOST: Text = {
  en: "It is lost on the way. Nobody tells the sender: only a missing acknowledgment will.",
  zh: "它在途中丢失。没有人通知发送方,只有迟迟不来的确认能说明这一点。",
};

function explainTimer({ left, right }: Arrow): Text {
  const side = left !== null ? SIDES.left : SIDES.right;
  return {
    en: `${side.en}'s timer has run out: ${left ?? right}. In TIME-WAIT it could still answer a ` +
      "repeated FIN, and old segments had time to die out.",
    zh: `${side.zh}的定时器到期:${
      left ?? right
    }。在 TIME-WAIT 期间它仍能应答重复的 FIN,旧报文也有时间消失。`,
  };
}

function explainSegment(arrow: Arrow): Text {
  const packet = arrow.packet!;
  const { flags } = packet;
  const who = arrow.fromLeft ? SIDES.left : SIDES.right;
  const isSyn = (flags & Flag.SYN) !== 0;
  if ((flags & Flag.RST) !== 0) {
    return { en: `${who.en} breaks the connection off.`, zh: `${who.zh}中止连接。` };
  }
  if (isSyn && (flags & Flag.ACK) !== 0) {
    return {
      en:
        `${who.en} agrees: its own initial number is ${packet.seq}, and with ack ${packet.ack} it ` +
        "says which byte it expects next: the SYN took one number. Second step of the handshake.",
      zh: `${who.zh}同意:自己的初始序号是 ${packet.seq},并用确认号 ${packet.ack} 说明期待的` +
        "下一个字节(SYN 占用一个序号)。这是握手的第二步。",
    };
  }
  if (isSyn) {
    return {
      en:
        `${who.en} asks for a connection. It draws an initial sequence number, ${packet.seq}, that ` +
        "nobody can guess, and says what it can do: largest segment, window scale, SACK. First step " +
        "of the handshake.",
      zh: `${who.zh}请求建立连接。它选取一个无法猜测的初始序号 ${packet.seq},并说明自己的能力:` +
        "最大报文段、窗口扩大、选择确认。这是握手的第一步。",
    };
  }
  if ((flags & Flag.FIN) !== 0) {
    return {
      en:
        `${who.en} has nothing more to send. The FIN takes a sequence number, ${arrow.seq}, so it ` +
        "is acknowledged like data; the other direction stays open.",
      zh: `${who.zh}没有更多数据要发送。FIN 占用序号 ${arrow.seq},因此像数据一样要被确认;` +
        "另一个方向仍然畅通。",
    };
  }
  return packet.payloadBytes > 0 ? dataText(arrow, who) : ackText(arrow, who);
}

function dataText(arrow: Arrow, who: Text): Text {
  const bytes = arrow.packet!.payloadBytes;
  const last = (arrow.seq ?? 0) + bytes - 1;
  return {
    en: `${who.en} sends ${bytes} bytes, numbers ${arrow.seq} to ${last}.`,
    zh: `${who.zh}发送 ${bytes} 字节,序号 ${arrow.seq} 到 ${last}。`,
  };
}

function ackText(arrow: Arrow, who: Text): Text {
  if (arrow.seq === 1 && arrow.ack === 1 && !arrow.marks.includes("sack")) {
    return {
      en: `${who.en} acknowledges the other's SYN. Third step: both know both numbers, and both ` +
        "know that the other knows.",
      zh: `${who.zh}确认对方的 SYN。第三步:双方都知道了两个初始序号,也都知道对方已经知道。`,
    };
  }
  return {
    en: `${who.en} has everything before number ${arrow.ack} and expects that one next.`,
    zh: `${who.zh}已收到序号 ${arrow.ack} 之前的全部内容,期待下一个序号 ${arrow.ack}。`,
  };
}

function sackText({ sack }: Arrow): Text {
  const ranges = sack.map(([from, to]) => `${from}–${to - 1}`).join(", ");
  return {
    en:
      `There is a gap: it has ${ranges} already (SACK), so that only what is missing is sent again.`,
    zh: `中间有缺口:${ranges} 已经收到(SACK),对方只需重传缺少的部分。`,
  };
}

function statesText({ left, right }: Arrow): Text[] {
  const texts: Text[] = [];
  for (const [state, who] of [[left, SIDES.left], [right, SIDES.right]] as const) {
    if (state === null) continue;
    texts.push({ en: `${who.en} is now in ${state}.`, zh: `${who.zh}进入 ${state} 状态。` });
  }
  return texts;
}
