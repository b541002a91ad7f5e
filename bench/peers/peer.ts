/** An orchestrator that runs the graphs of this benchmark. Every answer is in seconds; a case that takes longer than its timeout throws. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** One run of so many trivial assets in layers of 250, each with three inputs in the layer before. Loading is not counted. */
  layered(steps: number, timeoutMs: number): Promise<number>;
  /** Every partition of one trivial asset. */
  backfill(partitions: number, timeoutMs: number): Promise<number>;
  /** One trivial step, from the start of the command to its end. */
  cold(): Promise<number>;
  /** One trivial step in a process that has loaded the project, again and again. */
  warm(repeats: number): Promise<readonly number[]>;
}
