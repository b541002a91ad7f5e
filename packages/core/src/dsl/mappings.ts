declare const mapping: unique symbol;

/** Which partitions of an upstream asset one partition reads. Mappings are types alone: static derivation reads them, nothing is left at run time. */
export interface Mapping {
  readonly [mapping]: string;
}

/** The partition with the same key or window; between time grains the windows that it covers or that cover it. What `In` means without a mapping. */
export interface Same extends Mapping {
  readonly [mapping]: "same";
}

/** Every partition there is. */
export interface All extends Mapping {
  readonly [mapping]: "all";
}

/** The newest partition that has a version. */
export interface Latest extends Mapping {
  readonly [mapping]: "latest";
}

/** The same partition and the `N - 1` before it: `In<typeof dailyDelays, Last<7>>`. */
export interface Last<N extends number> extends Mapping {
  readonly [mapping]: "last";
  readonly count: N;
}

/** The partition `N` places away: `Offset<-1>` is the one before. */
export interface Offset<N extends number> extends Mapping {
  readonly [mapping]: "offset";
  readonly by: N;
}
