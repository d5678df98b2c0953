// The little of cli-progress that is used here, which comes without types. Its published types bring
// those of Node with them.

interface BarOptions {
  readonly format: string;
  readonly barCompleteChar: string;
  readonly barIncompleteChar: string;
  readonly barsize: number;
  readonly fps: number;
  readonly hideCursor: boolean;
  readonly clearOnComplete: boolean;
  readonly gracefulExit: boolean;
  readonly stream: unknown;
}

declare class SingleBar {
  constructor(options: BarOptions);
  start(total: number, startValue: number, payload?: Readonly<Record<string, string>>): void;
  update(value: number, payload?: Readonly<Record<string, string>>): void;
  stop(): void;
}

declare const cliProgress: { readonly SingleBar: typeof SingleBar };
export default cliProgress;
