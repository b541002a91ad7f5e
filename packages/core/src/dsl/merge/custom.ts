/** How an author joins two values of a column; made by {@link custom}. */
export interface CustomPolicy<V> {
  readonly policy: "custom";
  readonly join: (a: V, b: V) => V;
}

/**
 * A policy of your own for one column of a merge: joins two values to one. It is called with values only, never with null, in whatever grouping, so it must be
 *
 * - commutative: `join(a, b)` equals `join(b, a)`
 * - associative: `join(join(a, b), c)` equals `join(a, join(b, c))`
 * - idempotent: `join(a, a)` equals `a`
 *
 * and pure. `watersmeet check` tries these laws on generated values and refuses a function that breaks one, with the values that show it: adding up, joining
 * texts, preferring the first or filling gaps are among those.
 *
 *     columns: { labels: custom((a: string, b: string) => (a.length > b.length || (a.length === b.length && a > b) ? a : b)) }
 */
export function custom<V>(join: (a: V, b: V) => V): CustomPolicy<V> {
  return Object.freeze({ policy: "custom", join });
}
