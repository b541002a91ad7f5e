import type { Arbitrary, FastCheck } from "./arbitrary-value.ts";

/** A function that joins values, and how to look at it. */
export interface Joining {
  readonly values: Arbitrary;
  readonly join: (a: unknown, b: unknown) => unknown;
  /** Whether the column can hold a value, which null it cannot. */
  readonly holds: (value: unknown) => boolean;
  /** Equal values have equal bytes. */
  readonly bytesOf: (value: unknown) => string;
}

/**
 * What breaks, in words that go on after "the function", with the least values that were found to show it: `is not commutative: join(1, 2) gives 1, and
 * join(2, 1) gives 2`. `null`: nothing was found.
 */
export function findBrokenLaw(fc: FastCheck, joining: Joining): string | null {
  const { values } = joining;
  const three = fc.tuple(values, values, values);
  for (const law of laws) {
    const found: string[] = [];
    fc.check(
      fc.property(three, ([a, b, c]) => {
        const complaint = law({ ...joining, a: frozen(a), b: frozen(b), c: frozen(c) });
        // The last one that is found is of the least values.
        if (complaint !== null) found.push(complaint);
        return complaint === null;
      }),
      { numRuns: 300, seed: 20010131 },
    );
    const complaint = found.at(-1);
    if (complaint !== undefined) return complaint;
  }
  return null;
}

interface Trial extends Joining {
  readonly a: unknown;
  readonly b: unknown;
  readonly c: unknown;
}

/** In the order in which they are tried: the later ones take the earlier ones for granted. */
const laws: readonly ((trial: Trial) => string | null)[] = [
  tryResult,
  tryAgain,
  tryIdempotent,
  tryCommutative,
  tryAssociative,
];

function tryResult({ a, b, join, holds }: Trial): string | null {
  try {
    const result = join(a, b);
    return holds(result)
      ? null
      : `gives what its column cannot hold: join(${show(a)}, ${show(b)}) gives ${show(result)}`;
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return `throws: join(${show(a)}, ${show(b)}) gives ${what}. Values are frozen, since joining must not change them`;
  }
}

function tryAgain({ a, b, join, bytesOf }: Trial): string | null {
  const [once, again] = [join(a, b), join(a, b)];
  if (bytesOf(once) === bytesOf(again)) return null;
  return `is not pure: join(${show(a)}, ${show(b)}) gives ${show(once)}, and then ${show(again)}`;
}

function tryIdempotent({ a, join, bytesOf }: Trial): string | null {
  const result = join(a, a);
  if (bytesOf(result) === bytesOf(a)) return null;
  return `is not idempotent: join(${show(a)}, ${show(a)}) gives ${show(result)}`;
}

function tryCommutative({ a, b, join, bytesOf }: Trial): string | null {
  const [one, other] = [join(a, b), join(b, a)];
  if (bytesOf(one) === bytesOf(other)) return null;
  return `is not commutative: join(${show(a)}, ${show(b)}) gives ${show(one)}, and join(${show(b)}, ${show(a)}) gives ${show(other)}`;
}

function tryAssociative({ a, b, c, join, bytesOf }: Trial): string | null {
  const [left, right] = [join(join(a, b), c), join(a, join(b, c))];
  if (bytesOf(left) === bytesOf(right)) return null;
  return `is not associative: join(join(${show(a)}, ${show(b)}), ${show(c)}) gives ${show(left)}, and join(${show(a)}, join(${show(b)}, ${show(c)})) gives ${show(right)}`;
}

function frozen(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return String(value);
  return JSON.stringify(value) ?? String(value);
}
