/** `woshou completion SHELL`: what a shell needs to complete the command line. */

import {
  Arguments,
  type Command,
  ExitCode,
  flagsOf,
  mustHaveOperands,
  UsageError,
} from "./command.ts";

/** The shells that are known. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** Makes the command; `commands` gives all there are. */
export function completionCommand(commands: () => readonly Command[]): Command {
  const command: Command = {
    name: "completion",
    summary: "print what a shell needs to complete this command",
    operands: "bash|zsh|fish",
    operandChoices: SHELLS,
    flags: [],
    notes: `
  bash:  woshou completion bash > ~/.local/share/bash-completion/completions/woshou
  zsh:   woshou completion zsh > "\${fpath[1]}/_woshou"
  fish:  woshou completion fish > ~/.config/fish/completions/woshou.fish`,
    run(list, terminal) {
      const args = new Arguments(command, list);
      mustHaveOperands(command, args.operands, 1);
      const shell = SHELLS.find((name) => name === args.operands[0]);
      if (shell === undefined) {
        throw new UsageError(`"${args.operands[0]}": there are ${SHELLS.join(", ")}`);
      }
      terminal.line(completionScript(shell, commands()).trimEnd());
      return Promise.resolve(ExitCode.ok);
    },
  };
  return command;
}

/** The script for a shell. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
  }
}

/** The words of a command line that complete it: options, and what its operand may be. */
function wordsOf(command: Command): string {
  const flags = flagsOf(command).map(({ name }) => `--${name}`);
  return [...flags, ...command.operandChoices ?? []].join(" ");
}

function bashScript(commands: readonly Command[]): string {
  const cases = commands.map((command) =>
    `    ${command.name}) words="${wordsOf(command)}"; files=${command.takesFile ? 1 : 0} ;;`
  );
  const values = new Map<string, string>();
  for (const { name, choices, isFile } of commands.flatMap(flagsOf)) {
    if (choices !== undefined) values.set(name, choices.join(" "));
    else if (isFile) values.set(name, "");
  }
  const valueCases = [...values].map(([name, words]) =>
    words === ""
      ? `    --${name}) COMPREPLY=($(compgen -f -- "$current")); return ;;`
      : `    --${name}) COMPREPLY=($(compgen -W "${words}" -- "$current")); return ;;`
  );
  return `# woshou: completion for bash
_woshou() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words files=0
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${
    commands.map(({ name }) => name).join(" ")
  } --help --version" -- "$current"))
    return
  fi
  case "$previous" in
${valueCases.join("\n")}
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ "$files" -eq 1 ]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -F _woshou woshou
`;
}

function zshScript(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const flags = flagsOf(command).map((flag) => {
      const action = flag.choices !== undefined
        ? `${flag.isValueOptional ? "::" : ":"}${flag.value}:(${flag.choices.join(" ")})`
        : flag.isFile
        ? `:${flag.value}:_files`
        : flag.value === undefined
        ? ""
        : `:${flag.value}:`;
      const repeat = flag.repeats === true ? "*" : "";
      const joint = flag.isValueOptional ? "=-" : "";
      return `'${repeat}--${flag.name}${joint}[${zshText(flag.text)}]${action}'`;
    });
    const operand = command.operandChoices !== undefined
      ? `'1:${command.operands}:(${command.operandChoices.join(" ")})'`
      : command.takesFile
      ? "'1:file:_files'"
      : "";
    return `    ${command.name}) _arguments ${[...flags, operand].join(" ").trimEnd()} ;;`;
  });
  const described = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`);
  return `#compdef woshou
_woshou() {
  local -a commands
  commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=\${words[2]}
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
if [ "\${funcstack[1]}" = _woshou ]; then _woshou "$@"; else compdef _woshou woshou; fi
`;
}

function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll("[", "\\[").replaceAll("]", "\\]")
    .replaceAll(":", "\\:");
}

function fishScript(commands: readonly Command[]): string {
  const lines = ["# woshou: completion for fish", "complete -c woshou -f"];
  for (const command of commands) {
    const { name, summary } = command;
    const inside = `-n '__fish_seen_subcommand_from ${name}'`;
    lines.push(`complete -c woshou -n __fish_use_subcommand -a ${name} -d '${fishText(summary)}'`);
    for (const flag of flagsOf(command)) {
      const letter = flag.letter === undefined ? "" : ` -s ${flag.letter}`;
      const value = flag.choices !== undefined
        ? `${flag.isValueOptional ? " -f" : " -x"} -a '${flag.choices.join(" ")}'`
        : flag.isFile
        ? " -r -F"
        : flag.value === undefined
        ? ""
        : " -x";
      lines.push(
        `complete -c woshou ${inside} -l ${flag.name}${letter}${value} -d '${fishText(flag.text)}'`,
      );
    }
    if (command.operandChoices !== undefined) {
      lines.push(`complete -c woshou ${inside} -a '${command.operandChoices.join(" ")}'`);
    }
    if (command.takesFile) lines.push(`complete -c woshou ${inside} -F`);
  }
  return `${lines.join("\n")}\n`;
}

function fishText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
