/** Ctrl-C as a signal for the command; the second one ends the process at once. */
export interface Interrupts extends Disposable {
  readonly signal: AbortSignal;
}

/** Listens for SIGINT and SIGTERM until disposed. */
export function listenForInterrupts(target: NodeJS.Process, onForced: () => void): Interrupts {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) onForced();
    else controller.abort(new DOMException("interrupted", "AbortError"));
  };
  target.on("SIGINT", listener);
  target.on("SIGTERM", listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      target.off("SIGINT", listener);
      target.off("SIGTERM", listener);
    },
  };
}
