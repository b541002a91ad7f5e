/**
 * A list of numbers as JSON, in which a run of equal steps is `[first, step, count]`: a long feed's batches are numbered in such runs, and every cut lists all that count.
 * The same list has one text.
 */
export function renderNumbers(numbers: readonly number[]): string {
  const items: (number | readonly [first: number, step: number, count: number])[] = [];
  for (let at = 0; at < numbers.length;) {
    const [first = 0, next = 0] = numbers.slice(at, at + 2);
    const step = next - first;
    let count = 1;
    while (at + count < numbers.length && numbers[at + count] === first + step * count) count += 1;
    if (count < shortestRun) items.push(first);
    else items.push([first, step, count]);
    at += count < shortestRun ? 1 : count;
  }
  return JSON.stringify(items);
}

/** Shorter ones are told number by number. */
const shortestRun = 4;

export function parseNumbers(text: string): readonly number[] {
  const items: readonly (number | readonly [first: number, step: number, count: number])[] = JSON.parse(text);
  return items.flatMap((item) => {
    if (typeof item === "number") return [item];
    const [first, step, count] = item;
    return Array.from({ length: count }, (_, index) => first + step * index);
  });
}
