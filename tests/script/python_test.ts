/** The code of scripts: what people write of Python means what it means there. */

import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../src/base/random.ts";
import { PythonError, runPython, type Variables } from "../../tools/script/python.ts";
import { forSeeds } from "../support/seeds.ts";

const NAMES: Readonly<Record<string, number>> = {
  tcpi_snd_cwnd: 10,
  tcpi_unacked: 0,
  TCP_CA_Open: 0,
};

function lookUp(name: string): number {
  if (name in NAMES) return NAMES[name];
  throw new PythonError(0, `${name} means nothing`);
}

/** What a piece of code prints. */
function printed(code: string, variables?: Variables): string[] {
  const lines: string[] = [];
  runPython(code, lookUp, (line) => lines.push(line), variables);
  return lines;
}

/** Code whose assertions all hold. */
const HOLDS: Readonly<Record<string, string>> = {
  "lines that go on":
    "assert (tcpi_snd_cwnd == 10 and\n   tcpi_unacked == 0), 'x'\nassert 1 == \\\n  1",
  "chains": "assert 0 < 5 <= tcpi_snd_cwnd < 100 != 5 and not 1 < 2 < 2",
  "tuples": "assert (tcpi_snd_cwnd, 0) == (10, 0) and (1, 2) < (1, 3) and 1 in (1,)",
  "membership": "assert tcpi_snd_cwnd in range(5, 15) and 3 not in [1, 2] and 'b' in 'abc'",
  "ranges":
    "assert range(3) == [0, 1, 2] and range(1, 8, 3) == [1, 4, 7] and len(range(5, 2)) == 0",
  "arithmetic":
    "assert -7 // 2 == -4 and -7 % 3 == 2 and 2 ** 3 ** 2 == 512 and -2 ** 2 == -4 and 7 / 2 == 3.5",
  "bits": "assert 6 ^ 3 == 5 and ~0 == -1 and 1 << 4 | 1 == 17 and 0xff >> 4 & 3 == 3",
  "numbers": "assert 0b11 == 3 and 0o17 == 15 and 1_000 == 1e3 and .5 == 0.5 and 10L == 10",
  "assignments":
    "a, b = 1, 2\nc = d = a + b\nc += 4; c *= 2; c //= 3; c <<= 1\nassert (a, b, c, d) == (1, 2, 8, 3), c",
  "functions":
    "assert abs(-5) == 5 and min(3, 1) == 1 and max([1, 4]) == 4 and sum([1, 2]) == 3 and int(-3.7) == -3",
  "more functions":
    "assert any([0, 1]) and not all([0, 1]) and sorted([3, 1]) == [1, 3] and round(2.5) == 2",
  "modules": "import math\nfrom math import *\nassert math.floor(2.5) == 2 and math.ceil(2.1) == 3",
  "short circuits":
    "assert 1 or tcpi_nothing\nassert not (0 and tcpi_nothing)\nx = 1 if True else tcpi_nothing",
  "branches":
    "if tcpi_unacked:\n  x = 1\nelif tcpi_snd_cwnd > 5:\n  if True: x = 2\n  y = 3\nelse:\n  x = 4\nassert x + y == 5",
  "loops":
    "n = 0\nfor i in range(9):\n  if i == 2: continue\n  if i == 5: break\n  n += i\nassert n == 8\nwhile n: n -= 1\nassert n == 0",
  "pairs":
    "n = 0\nfor a, b in zip([1, 2], [3, 4]):\n  n += a * b\nfor i, x in enumerate([5]):\n  n += i + x\nassert n == 16",
  "definitions":
    "def near(a, b, d=5):\n  '''doc'''\n  return abs(a - b) <= d\nassert near(1, 5) and not near(1, 9) and near(1, 9, d=10)",
  "recursion": "def f(n):\n  if n < 2: return 1\n  return n * f(n - 1)\nassert f(5) == 120",
  "lambda": "f = lambda a, b: a + b\nassert f(1, 2) == 3",
  "comprehensions":
    "assert [i * i for i in range(4) if i != 1] == [0, 4, 9] and sum(x for x in [1, 2]) == 3",
  "dictionaries":
    "d = {'a': 1, 2: 3}\nassert d['a'] == 1 and d[2] == 3 and 'a' in d and d.get('z', 7) == 7 and len(d) == 2",
  "subscripts":
    "x = [1, 2, 3]\nx.append(4)\nassert x[0] == 1 and x[-1] == 4 and x[1:] == [2, 3, 4] and 'abc'[:2] == 'ab'",
  "texts":
    "assert 'a' 'b' + \"c\" == 'abc' and 'abc'.startswith('ab') and ','.join(['a', 'b']) == 'a,b'",
  "forms":
    "assert '%.2f %d%% %s' % (1.5, 3, 'x') == '1.50 3% x' and '{:>3d}|{}'.format(7, 8) == '  7|8'",
  "f-strings": "assert f'{tcpi_snd_cwnd}/{1 + 1:02d} {{}}' == '10/02 {}'",
  "exceptions":
    "try:\n  assert tcpi_snd_cwnd == 11\n  ok = 0\nexcept AssertionError as e:\n  ok = 1\nfinally:\n  n = 2\nassert ok + n == 3",
  "nothing": "assert None is None and None is not 0\npass",
  "comments": "# one\nassert True # it's\n\n   \n# end",
  "indented lines": "\n    x = 1\n    if x:\n        assert tcpi_snd_cwnd == 10\n    assert x\n  ",
  "the first line": " x = 1\nassert x",
};

for (const [name, code] of Object.entries(HOLDS)) {
  Deno.test(`code: ${name}`, () => {
    // Goal: as Python has it.
    printed(code);
  });
}

/** Code that fails, with the line (from 0) and what is said. */
const FAILS: readonly (readonly [string, number, RegExp])[] = [
  [
    "\nassert tcpi_snd_cwnd == 11, 'low'",
    1,
    /^assertion failed: tcpi_snd_cwnd == 11, .*with tcpi_snd_cwnd=10 \(low\)$/,
  ],
  ["assert 0; assert 1", 0, /^assertion failed: 0$/],
  ["def f():\n  assert False\nf()", 1, /^assertion failed: False$/],
  ["assert tcpi_nothing", 0, /^tcpi_nothing means nothing$/],
  ["assert 1 +", 0, /^code: expected a value at the end of the line$/],
  ["assert (1", 0, /^the code ends within parentheses$/],
  ["x = 1 / 0", 0, /division by zero/],
  ["while True: pass", 0, /does not end/],
  ["def f(): f()\nf()", 0, /calls itself too often/],
  ["f = lambda: f()\nf()", 0, /goes too deep/],
  ["x = 'a'\nwhile True: x = x + x", 1, /grows too long/],
  ["f(1)", 0, /f\(\) is not there yet/],
  ["'a' - 1", 0, /- takes numbers/],
  ["[1][5]", 0, /there is no item 5/],
  ["a, b = 1, 2, 3", 0, /expected 2 values/],
  ["if 1:\nx = 1", 1, /expected deeper lines/],
  ["assert " + "(".repeat(500) + "1" + ")".repeat(500), 0, /too much is nested/],
  ["for i in range(10 ** 12): pass", 0, /range\(\) is not there yet/],
  ["raise Exception('x')", 0, /raise Exception\('x'\)/],
  ["?", 0, /cannot read "\?"/],
];

for (const [code, line, expected] of FAILS) {
  Deno.test(`code that fails: ${code.slice(0, 40)}`, () => {
    // Goal: the line and the reason, and always an end.
    let found: unknown;
    try {
      printed(code);
    } catch (error) {
      found = error;
    }
    assert(found instanceof PythonError, String(found));
    assert(expected.test(found.message), found.message);
    assertEquals(found.line, line);
  });
}

Deno.test("code: what print prints", () => {
  // Goal: both of Python's ways.
  assertEquals(
    printed("print('a', 1, sep='')\nprint 'b', 2\nprint\nprint((1, 'c'))\nprint(1) if 1 else 0"),
    [
      "a 1",
      "b 2",
      "",
      "(1, 'c')",
      "1",
    ],
  );
});

Deno.test("code: variables stay for the next piece", () => {
  // Goal: a script compares with what it has kept.
  const variables: Variables = new Map();
  printed("kept = tcpi_snd_cwnd\ndef twice(x): return 2 * x", variables);
  printed("assert twice(kept) == 20", variables);
});

/** One to four cuts, copies and signs at random places. */
function mutated(text: string, random: SeededRandom): string {
  const signs = "()[]{}:;,.=+-*/%&|^~<>'\"\\\n\t #0aif ";
  for (let i = 1 + random.uint32() % 4; i > 0; i--) {
    const at = random.uint32() % (text.length + 1);
    const length = random.uint32() % 12;
    const kind = random.uint32() % 3;
    const middle = kind === 0
      ? ""
      : kind === 1
      ? signs[random.uint32() % signs.length]
      : text.slice(at, at + length).repeat(2);
    text = text.slice(0, at) + middle + text.slice(kind === 1 ? at : at + length);
  }
  return text;
}

Deno.test("code: whatever is written ends, with an error of its own or none", () => {
  // Goal: no code can end or keep the runner.
  const codes = Object.values(HOLDS);
  forSeeds(4000, (random) => {
    const code = mutated(codes[random.uint32() % codes.length], random);
    try {
      printed(code);
    } catch (error) {
      assert(
        error instanceof PythonError,
        `${error instanceof Error ? error.stack : error}\n${code}`,
      );
    }
  });
});
