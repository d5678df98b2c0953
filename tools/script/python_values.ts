/** The values of Python's small part here, and what its functions and methods make of them. */

/** A function of the code, or of Python. */
export interface PythonFunction {
  readonly call: (args: PythonValue[], named: ReadonlyMap<string, PythonValue>) => PythonValue;
}

/** A value of an expression. True and False are 1 and 0, as they are for arithmetic. */
export type PythonValue =
  | number
  | string
  | null
  | PythonValue[]
  | Map<string, PythonValue>
  | PythonFunction;

export function isFunction(value: PythonValue): value is PythonFunction {
  return value !== null && typeof value === "object" && "call" in value;
}

export function truth(value: PythonValue): boolean {
  if (value === null) return false;
  if (typeof value === "number") return value !== 0;
  if (value instanceof Map) return value.size > 0;
  return isFunction(value) || value.length > 0;
}

/** As print writes it. */
export function textOf(value: PythonValue): string {
  if (value === null) return "None";
  if (Array.isArray(value)) return `(${value.map(shown).join(", ")})`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `${key}: ${shown(item)}`).join(", ")}}`;
  }
  return isFunction(value) ? "a function" : String(value);
}

/** As repr has it. */
export function shown(value: PythonValue): string {
  return typeof value === "string" ? `'${value}'` : textOf(value);
}

export function compares(operator: string, left: PythonValue, right: PythonValue): boolean {
  switch (operator) {
    case "==":
    case "is":
      return shown(left) === shown(right);
    case "!=":
    case "<>":
    case "is not":
      return shown(left) !== shown(right);
    case "in":
      return contains(right, left);
    case "not in":
      return !contains(right, left);
  }
  const order = compared(left, right);
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    default:
      return order >= 0;
  }
}

/** Below zero when `left` comes first; NaN for what has no order. */
function compared(left: PythonValue, right: PythonValue): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left === "string" && typeof right === "string") {
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (!Array.isArray(left) || !Array.isArray(right)) return NaN;
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compared(left[i], right[i]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function contains(container: PythonValue, value: PythonValue): boolean {
  if (typeof container === "string") return container.includes(textOf(value));
  if (container instanceof Map) return container.has(shown(value));
  return Array.isArray(container) && container.some((each) => shown(each) === shown(value));
}

/** What a loop goes through; null for what has no items. */
export function itemsOf(value: PythonValue): PythonValue[] | null {
  if (typeof value === "string") return [...value];
  if (value instanceof Map) return [...value.keys()];
  return Array.isArray(value) ? value : null;
}

/** A range may not be longer, so that no script keeps the runner. */
const RANGE_MAX = 100_000;

function rangeOf(args: readonly PythonValue[]): PythonValue[] | null {
  const [from, to, step = 1] = args.length === 1 ? [0, Number(args[0])] : args.map(Number);
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= RANGE_MAX)) return null;
  return Array.from({ length: count }, (_, i) => from + i * step);
}

/** `round` goes to the even number from the middle, as in Python 3. */
function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  const floor = Math.floor(value * scale);
  const rest = value * scale - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return (floor + (up ? 1 : 0)) / scale;
}

/** Calls a function of Python's own; undefined for one that is not there. */
export function callBuiltin(name: string, args: PythonValue[]): PythonValue | undefined {
  return callOnNumbers(name.replace(/^math\./, ""), args) ?? callOnItems(name, args);
}

function callOnNumbers(name: string, args: PythonValue[]): PythonValue | undefined {
  const list = args.length === 1 ? itemsOf(args[0]) ?? args : args;
  const numbers = list.map(Number);
  const [first] = args;
  switch (name) {
    case "abs":
    case "fabs":
      return Math.abs(Number(first));
    case "min":
      return Math.min(...numbers);
    case "max":
      return Math.max(...numbers);
    case "int":
    case "long":
    case "trunc":
      return typeof first === "string"
        ? parseInt(first, Number(args[1] ?? 10))
        : Math.trunc(Number(first));
    case "float":
      return Number(first);
    case "floor":
      return Math.floor(Number(first));
    case "ceil":
      return Math.ceil(Number(first));
    case "sqrt":
      return Math.sqrt(Number(first));
    case "log":
      return args.length > 1
        ? Math.log(Number(first)) / Math.log(Number(args[1]))
        : Math.log(Number(first));
    case "round":
      return rounded(Number(first), Number(args[1] ?? 0));
    case "pow":
      return Number(first) ** Number(args[1]);
    case "divmod":
      return [
        Math.floor(numbers[0] / numbers[1]),
        numbers[0] - numbers[1] * Math.floor(numbers[0] / numbers[1]),
      ];
  }
  return undefined;
}

function callOnItems(name: string, args: PythonValue[]): PythonValue | undefined {
  const [first] = args;
  switch (name) {
    case "sum":
      return (itemsOf(first) ?? []).map(Number).reduce((a, b) => a + b, Number(args[1] ?? 0));
    case "any":
      return Number((itemsOf(first) ?? []).some(truth));
    case "all":
      return Number((itemsOf(first) ?? []).every(truth));
    case "sorted":
      return [...(itemsOf(first) ?? [])].sort((a, b) => compared(a, b));
    case "reversed":
      return [...(itemsOf(first) ?? [])].reverse();
    case "enumerate":
      return (itemsOf(first) ?? []).map((item, index) => [index, item]);
    case "zip":
      return (itemsOf(first) ?? []).map((_, index) =>
        args.map((each) => (itemsOf(each) ?? [])[index])
      );
    case "bool":
      return Number(truth(first));
    case "str":
      return textOf(first);
    case "repr":
      return shown(first);
    case "hex":
      return `0x${Number(first).toString(16)}`;
    case "bin":
      return `0b${Number(first).toString(2)}`;
    case "len":
      return itemsOf(first)?.length;
    case "list":
    case "tuple":
    case "set":
      return args.length === 0 ? [] : itemsOf(first) ?? undefined;
    case "range":
    case "xrange":
      return rangeOf(args) ?? undefined;
    case "isinstance":
      return 1;
    case "sys.stdout.write":
    case "sys.stderr.write":
    case "sys.stdout.flush":
      return null;
  }
  return undefined;
}

/** Calls a method of a value; undefined for one that is not there. */
export function callMethod(
  value: PythonValue,
  name: string,
  args: PythonValue[],
): PythonValue | undefined {
  if (Array.isArray(value)) {
    if (name === "append") return value.push(args[0]), null;
    if (name === "count") return value.filter((each) => shown(each) === shown(args[0])).length;
    if (name === "index") return value.findIndex((each) => shown(each) === shown(args[0]));
    if (name === "pop") return value.pop() ?? null;
  }
  if (value instanceof Map) {
    if (name === "get") return value.get(shown(args[0])) ?? args[1] ?? null;
    if (name === "keys") return [...value.keys()];
    if (name === "values") return [...value.values()];
    if (name === "items") return [...value].map(([key, item]) => [key, item]);
  }
  if (typeof value !== "string") return undefined;
  switch (name) {
    case "upper":
      return value.toUpperCase();
    case "lower":
      return value.toLowerCase();
    case "strip":
      return value.trim();
    case "startswith":
      return Number(value.startsWith(textOf(args[0])));
    case "endswith":
      return Number(value.endsWith(textOf(args[0])));
    case "join":
      return (itemsOf(args[0]) ?? []).map(textOf).join(value);
    case "split":
      return args.length === 0 ? value.trim().split(/\s+/) : value.split(textOf(args[0]));
    case "replace":
      return value.replaceAll(textOf(args[0]), textOf(args[1]));
    case "format": {
      let next = 0;
      return value.replace(
        /\{(\d*)(?::([^}]*))?\}/g,
        (_, index: string, form: string) =>
          formatted(args[index === "" ? next++ : Number(index)] ?? null, form ?? ""),
      );
    }
  }
  return undefined;
}

/** A value in a form of `%` or of `format`, such as `.2f`, `>5d`, `08x`. */
export function formatted(value: PythonValue, form: string): string {
  const found = /^([<>^]?)([-+ #]*)(0?)(\d*),?(?:\.(\d+))?([a-zA-Z%]?)$/.exec(form);
  if (found === null) return textOf(value);
  const [, align, , zero, width, digits, kind] = found;
  let text = textOf(value);
  if (typeof value === "number") {
    if (/[xX]/.test(kind)) text = Math.trunc(value).toString(16);
    else if (kind === "b") text = value.toString(2);
    else if (/[diu]/.test(kind)) text = String(Math.trunc(value));
    else if (/[fFgG]/.test(kind) || digits !== undefined) text = value.toFixed(Number(digits ?? 6));
  } else if (kind === "r") text = shown(value);
  const size = Math.min(200, Number(width || 0));
  const isNumber = typeof value === "number";
  if (align === "<" || (align === "" && !isNumber)) return text.padEnd(size);
  return text.padStart(size, zero === "0" ? "0" : " ");
}

/** `text % values`. */
export function percentFormatted(text: string, value: PythonValue): string {
  const values = Array.isArray(value) ? [...value] : [value];
  return text.replace(
    /%([-+ 0#]*\d*(?:\.\d+)?)[lh]?([dsixXfgruc%])/g,
    (_, size: string, kind: string) =>
      kind === "%" ? "%" : formatted(values.shift() ?? "", size + kind.replace("s", "")),
  );
}
