/** The part of cli-progress that we use; the package brings no types. */
declare module "cli-progress" {
  export interface BarOptions {
    readonly stream: NodeJS.WritableStream;
    readonly format: string;
    readonly fps: number;
    readonly barsize: number;
    readonly barCompleteChar: string;
    readonly barIncompleteChar: string;
    readonly hideCursor: boolean;
    readonly clearOnComplete: boolean;
    readonly emptyOnZero: boolean;
    /** True would take SIGINT away from us. */
    readonly gracefulExit: boolean;
  }

  export interface Bar {
    setTotal(total: number): void;
    update(value: number, payload: Readonly<Record<string, string>>): void;
  }

  class MultiBar {
    constructor(options: BarOptions);
    create(total: number, value: number, payload: Readonly<Record<string, string>>): Bar;
    update(): void;
    stop(): void;
  }

  const library: { readonly MultiBar: typeof MultiBar };
  export default library;
}
