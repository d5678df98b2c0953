/** The options of commands that open a stack. */

import { DEFAULT_DEVICE } from "../net/open.ts";
import type { OpenOptions, PipelineShape } from "../net/options.ts";
import { CONGESTION_NAMES } from "../tcp/config.ts";
import type { Arguments, FlagSpec } from "./command.ts";

/** The address of a stack that is given none, and the kernel's beside it. */
export const DEFAULT_ADDRESS = "10.7.0.2/24";
/** The kernel's address on the interface. */
export const DEFAULT_HOST = "10.7.0.1/24";

const SHAPES: readonly PipelineShape[] = ["split", "fused", "inline"];

/** Which interface the stack uses, and how. */
export const STACK_FLAGS: readonly FlagSpec[] = [
  {
    name: "device",
    value: "NAME",
    text: `TUN interface, opened or created (default ${DEFAULT_DEVICE})`,
  },
  {
    name: "address",
    value: "CIDR",
    text: `the stack's own address (default ${DEFAULT_ADDRESS}; repeats, IPv6 too)`,
    repeats: true,
  },
  {
    name: "host",
    value: "CIDR",
    text: `the kernel's address on the interface (default ${DEFAULT_HOST}; repeats)`,
    repeats: true,
  },
  { name: "mtu", value: "N", text: "largest IP packet in bytes (default: the interface's)" },
  {
    name: "pipeline",
    value: "SHAPE",
    text: "split, fused or inline (default split)",
    choices: SHAPES,
  },
  {
    name: "congestion",
    value: "NAME",
    text: `${CONGESTION_NAMES.join(", ")} (default cubic)`,
    choices: CONGESTION_NAMES,
  },
  { name: "no-offload", text: "without segmentation and checksum offload" },
];

/** The options of `open` that a command line asks for. */
export function stackOptions(args: Arguments): OpenOptions & { device: string } {
  const address = args.texts("address");
  const hostAddress = args.texts("host");
  return {
    device: args.text("device") ?? DEFAULT_DEVICE,
    address: address.length > 0 ? address : [DEFAULT_ADDRESS],
    hostAddress: hostAddress.length > 0 ? hostAddress : [DEFAULT_HOST],
    mtu: args.wholeNumber("mtu"),
    pipeline: args.choice("pipeline", SHAPES),
    offload: !args.has("no-offload"),
    tcp: { congestion: args.choice("congestion", CONGESTION_NAMES) },
  };
}
