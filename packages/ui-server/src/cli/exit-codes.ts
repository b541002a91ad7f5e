/** What the process says of its end. The numbers are a promise. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 130;

/** Every exit code with its meaning, for help and the reference. */
export const exitCodes: Readonly<Record<ExitCode, string>> = {
  0: "done; also when there was nothing to do",
  1: "something failed: a step, a connection, a defect",
  2: "the command was not understood, or names something that does not exist",
  3: "a gate, a check or a compatibility rule said no",
  4: "a time limit was reached",
  5: "a circuit breaker is open",
  6: "not allowed",
  130: "interrupted",
};
