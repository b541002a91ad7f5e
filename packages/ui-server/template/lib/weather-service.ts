export interface Measured {
  readonly station: string;
  readonly hour: number;
  readonly celsius: number;
}

/** Stands in for a service: the readings of one day, the same whenever it is asked. A real project would call fetch here. */
export function readingsOf(day: string): readonly Measured[] {
  const seed = Number(day.slice(-2));
  return ["ams", "lis"].flatMap((station, index) =>
    [0, 6, 12, 18].map((hour) => ({ station, hour, celsius: 4 + index * 9 + ((seed * 7 + hour) % 11) })),
  );
}
