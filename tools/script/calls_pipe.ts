import { type Attempt, done, failed } from "./answer.ts";
import { receive, send } from "./calls_data.ts";
import type { Kernel } from "./kernel.ts";
import type { CallEvent } from "./syntax.ts";
import { CallError, numberOf } from "./values.ts";

/** What Linux's pipes hold. */
const PIPE_BYTES = 65_536;

/** Begins a call on a pipe, or splice(2) between one and a socket; null when it is another one. */
export function pipeCall(kernel: Kernel, call: CallEvent): Attempt | null {
  const { name, args } = call;
  if (name === "pipe" || name === "pipe2") {
    if (args[0]?.kind !== "array") throw new CallError("pipe() needs two descriptors");
    const pipe = { bytes: 0 };
    for (const end of args[0].items) kernel.pipes.set(numberOf(end), pipe);
    return done({ value: 0 });
  }
  if (name === "splice") return splice(kernel, call);
  if (args[0]?.kind !== "number") return null;
  const pipe = kernel.pipes.get(args[0].value);
  if (pipe === undefined) return null;
  switch (name) {
    case "close":
      kernel.pipes.delete(args[0].value);
      return done({ value: 0 });
    case "read": {
      const count = Math.min(pipe.bytes, numberOf(args[2]));
      pipe.bytes -= count;
      return done(count > 0 ? { value: count } : failed("EAGAIN"));
    }
    case "write": {
      const count = Math.min(PIPE_BYTES - pipe.bytes, numberOf(args[2]));
      pipe.bytes += count;
      return done(count > 0 ? { value: count } : failed("EAGAIN"));
    }
  }
  return null;
}

/**
 * `splice(4, NULL, 6, NULL, 1000, 0)`: from a socket into a pipe or the other way. SPLICE_F_NONBLOCK is about
 * the pipe; whether the socket waits is the socket's own.
 */
function splice(kernel: Kernel, { args }: CallEvent): Attempt {
  if (args.length < 6) throw new CallError("splice() takes 6 values");
  const [from, to, length] = [numberOf(args[0]), numberOf(args[2]), numberOf(args[4])];
  const [source, target] = [kernel.get(from), kernel.get(to)];
  const pipe = kernel.pipes.get(source === undefined ? from : to);
  if (pipe === undefined) return done(failed("EINVAL"));
  if (source !== undefined) {
    const attempt = receive(kernel, source, Math.min(length, PIPE_BYTES - pipe.bytes), 0);
    return counted(attempt, (count) => pipe.bytes += count);
  }
  if (target === undefined) return done(failed("EBADF"));
  const attempt = send(kernel, target, Math.min(length, pipe.bytes), 0);
  return counted(attempt, (count) => pipe.bytes -= count);
}

function counted(attempt: Attempt, note: (count: number) => void): Attempt {
  return () => {
    const answer = attempt();
    if (answer !== null && answer.value > 0) note(answer.value);
    return answer;
  };
}
