/** The value of a column in a row; `undefined` when it is absent, also for a column named `constructor`. */
export function cellOf(row: object, column: string): unknown {
  return Object.hasOwn(row, column) ? Reflect.get(row, column) : undefined;
}
