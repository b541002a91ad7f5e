/** Ctrl-C as a signal for the command; the second one ends the process at once. */
export interface Interrupts extends Disposable {
  readonly signal: AbortSignal;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Listens for SIGINT, SIGTERM and SIGHUP (the terminal was closed) until disposed. */
export function listenForInterrupts(target: NodeJS.Process, onForced: () => void): Interrupts {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) onForced();
    else controller.abort(new DOMException("interrupted", "AbortError"));
  };
  for (const signal of signals) target.on(signal, listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of signals) target.off(signal, listener);
    },
  };
}
