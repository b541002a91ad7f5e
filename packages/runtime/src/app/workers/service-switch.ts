/** Something that a process does at most once at a time, in the background. */
export interface ServiceSwitch {
  /** One per process: what a second call gives ends nothing. */
  start(): Promise<AsyncDisposable>;
  stop(): Promise<void>;
}

export function createServiceSwitch(open: () => Promise<AsyncDisposable>): ServiceSwitch {
  let running: Promise<AsyncDisposable> | null = null;
  const stop = async (): Promise<void> => {
    const stopping = running;
    running = null;
    await (await stopping)?.[Symbol.asyncDispose]();
  };
  return {
    async start() {
      if (running !== null) {
        await running;
        return { async [Symbol.asyncDispose]() {} };
      }
      running = open();
      try {
        await running;
      } catch (error) {
        running = null;
        throw error;
      }
      return { [Symbol.asyncDispose]: stop };
    },
    stop,
  };
}
