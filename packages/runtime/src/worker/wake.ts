/** A bell that one loop waits for. Rings while nobody waits are kept: the next wait returns at once. */
export interface Wake {
  ring(): void;
  /** Until the bell rings or the time is over. */
  wait(timeoutMs: number): Promise<void>;
}

export function createWake(): Wake {
  let isRung = false;
  let wakeUp: (() => void) | null = null;
  return {
    ring() {
      isRung = true;
      wakeUp?.();
    },
    async wait(timeoutMs) {
      if (!isRung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wakeUp = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wakeUp = null;
      }
      isRung = false;
    },
  };
}
