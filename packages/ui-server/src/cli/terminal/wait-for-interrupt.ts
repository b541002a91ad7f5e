/** What commands have in common that end when they are stopped. */
export const endlessParts = {
  handlesInterrupt: true,
  render: () => "",
  toJson: () => ({ stopped: true }),
} as const;

/** Resolves with the first Ctrl-C or SIGTERM. */
export function waitForInterrupt(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
