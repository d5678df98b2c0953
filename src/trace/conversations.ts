/** The TCP connections that a capture holds, each with its segments in the order in which they were captured. */

import { addressText } from "../base/address.ts";
import type { CapturedPacket } from "../device/capture_file.ts";
import { CaptureError } from "../device/capture_file.ts";
import { Flag, Segment } from "../wire/segment.ts";
import { Decoded, decodePacket, linkHeaderLength } from "./decode.ts";

/** One captured segment. */
export interface CapturedSegment {
  /** Microseconds since 1970. */
  readonly timeUs: number;
  /** Where the packet begins in the file. */
  readonly offset: number;
  readonly segment: Segment;
  /** What the capture holds of the payload; shorter than `segment.payloadLength` when it was cut. */
  readonly payload: Uint8Array;
  /** Whether the end that connects has sent it. */
  readonly fromClient: boolean;
  /** What the capture says of it. */
  readonly comments: readonly string[];
}

/** One connection. */
export interface Conversation {
  /** The end that connects, as `10.7.0.1.40000`. */
  readonly client: string;
  readonly server: string;
  readonly segments: CapturedSegment[];
}

/** What a capture holds. */
export interface Conversations {
  readonly conversations: readonly Conversation[];
  /** Packets that are no TCP, or a fragment. */
  readonly others: number;
  /** Packets whose headers are cut or impossible. */
  readonly broken: number;
}

/** A connection while it is collected. */
interface Open {
  readonly conversation: Conversation;
  isOver: boolean;
}

/**
 * Sorts packets into connections. A SYN on ends whose connection is over begins another one. Throws a {@link CaptureError}
 * for a link type that is not known, and passes on what the reader throws.
 */
export function findConversations(packets: Iterable<CapturedPacket>): Conversations {
  const conversations: Conversation[] = [];
  const open = new Map<string, Open>();
  let others = 0;
  let broken = 0;
  for (const packet of packets) {
    const header = linkHeaderLength(packet.linkType, packet.bytes);
    if (header < 0) {
      throw new CaptureError(`Link type ${packet.linkType} is not known`, packet.offset);
    }
    const segment = new Segment();
    const bytes = packet.bytes.subarray(header);
    const decoded = decodePacket(bytes, segment);
    if (decoded !== Decoded.tcp) {
      if (decoded === Decoded.other) others++;
      else broken++;
      continue;
    }
    const { conversation, fromClient } = conversationOf(segment, open, conversations);
    conversation.segments.push({
      timeUs: packet.timeUs,
      offset: packet.offset,
      segment,
      payload: bytes.subarray(
        segment.payloadOffset,
        segment.payloadOffset + segment.payloadLength,
      ),
      fromClient,
      comments: packet.comments,
    });
  }
  return { conversations, others, broken };
}

function conversationOf(
  segment: Segment,
  open: Map<string, Open>,
  conversations: Conversation[],
): { conversation: Conversation; fromClient: boolean } {
  const source = sourceText(segment);
  const destination = destinationText(segment);
  const key = source < destination ? `${source} ${destination}` : `${destination} ${source}`;
  const { flags } = segment;
  const isFirst = (flags & (Flag.SYN | Flag.ACK)) === Flag.SYN;
  let known = open.get(key);
  if (known === undefined || (isFirst && known.isOver)) {
    // Without the first SYN the end with the lower port is taken for the server.
    const isReply = !isFirst &&
      ((flags & Flag.SYN) !== 0 || segment.srcPort < segment.dstPort);
    const [client, server] = isReply ? [destination, source] : [source, destination];
    known = { conversation: { client, server, segments: [] }, isOver: false };
    open.set(key, known);
    conversations.push(known.conversation);
  }
  if ((flags & (Flag.FIN | Flag.RST)) !== 0) known.isOver = true;
  return { conversation: known.conversation, fromClient: known.conversation.client === source };
}

function sourceText(s: Segment): string {
  return `${addressText({ w0: s.src0, w1: s.src1, w2: s.src2, w3: s.src3 })}.${s.srcPort}`;
}

function destinationText(s: Segment): string {
  return `${addressText({ w0: s.dst0, w1: s.dst1, w2: s.dst2, w3: s.dst3 })}.${s.dstPort}`;
}
