/** Something that happens at a time; of the same time, what was scheduled first comes first. */
export interface Scheduled {
  readonly at: number;
  readonly order: number;
}

/** A binary heap. */
export function createHeap<T extends Scheduled>(): { push(item: T): void; pop(): T | undefined; size(): number } {
  const items: T[] = [];
  const isBefore = (a: T, b: T): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
  const swap = (i: number, j: number): void => {
    const [a, b] = [items[i], items[j]];
    if (a !== undefined && b !== undefined) [items[i], items[j]] = [b, a];
  };
  const comesFirst = (i: number, j: number): boolean => {
    const [a, b] = [items[i], items[j]];
    return a !== undefined && b !== undefined && isBefore(a, b);
  };
  return {
    push(item) {
      let index = items.push(item) - 1;
      for (let parent = (index - 1) >> 1; index > 0 && comesFirst(index, parent); parent = (index - 1) >> 1) {
        swap(index, parent);
        index = parent;
      }
    },
    pop() {
      const first = items[0];
      const last = items.pop();
      if (items.length === 0 || last === undefined) return first;
      items[0] = last;
      for (let index = 0; ;) {
        const [left, right] = [2 * index + 1, 2 * index + 2];
        let least = index;
        if (comesFirst(left, least)) least = left;
        if (comesFirst(right, least)) least = right;
        if (least === index) return first;
        swap(index, least);
        index = least;
      }
    },
    size: () => items.length,
  };
}
