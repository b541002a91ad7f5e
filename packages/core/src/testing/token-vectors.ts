import type { TokenOrder, TokenParts } from "../merge/contribution/token.ts";

/** The parts of a token, and its bytes in hex. */
export interface TokenVector {
  readonly why: string;
  readonly order: TokenOrder;
  readonly parts: Omit<TokenParts, "valueHash">;
  /** Without the value hash, which is the last 32 bytes. */
  readonly hex: string;
}

const parts = {
  eventTimeUs: 1_000_000_000_000_001n,
  toleranceUs: 0n,
  rank: 2n,
  sequence: 7n,
  batchSequence: 9n,
  source: "web",
  ordinal: 1n,
  operation: "upsert",
} as const satisfies TokenVector["parts"];

/** Golden values of `encodeToken`, in ascending order of their bytes within an order and tolerance. They never change: what is stored was decided by them. */
export const tokenVectors: readonly TokenVector[] = [
  {
    why: "undated comes before every time",
    order: "recencyFirst",
    parts: { ...parts, eventTimeUs: null },
    hex: "000000000000000080000000000000028000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "before 1970",
    order: "recencyFirst",
    parts: { ...parts, eventTimeUs: -1n },
    hex: "7fffffffffffffff80000000000000028000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "a usual one",
    order: "recencyFirst",
    parts: parts,
    hex: "80038d7ea4c6800180000000000000028000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "a negative rank, first",
    order: "priorityFirst",
    parts: { ...parts, rank: -2n },
    hex: "7ffffffffffffffe80038d7ea4c680018000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "rank before time",
    order: "priorityFirst",
    parts: parts,
    hex: "800000000000000280038d7ea4c680018000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "a tolerance changes nothing where rank comes first anyway",
    order: "priorityFirst",
    parts: { ...parts, toleranceUs: 5_000_000n, rank: 3n },
    hex: "800000000000000380038d7ea4c680018000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "with a tolerance undated still comes before every time",
    order: "recencyFirst",
    parts: { ...parts, eventTimeUs: null, toleranceUs: 5_000_000n },
    hex: "0000000000000000800000000000000200000000000000008000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "a bucket below zero is rounded down",
    order: "recencyFirst",
    parts: { ...parts, eventTimeUs: -1n, toleranceUs: 5_000_000n },
    hex: "7fffffffffffffff80000000000000027fffffffffffffff8000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "the bucket before the rank, the exact time after it",
    order: "recencyFirst",
    parts: { ...parts, toleranceUs: 5_000_000n },
    hex: "800000000bebc200800000000000000280038d7ea4c680018000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "a later time of the same bucket",
    order: "recencyFirst",
    parts: { ...parts, eventTimeUs: 1_000_000_000_000_002n, toleranceUs: 5_000_000n },
    hex: "800000000bebc200800000000000000280038d7ea4c680028000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "a greater rank in the same bucket, though earlier",
    order: "recencyFirst",
    parts: { ...parts, eventTimeUs: 1_000_000_000_000_000n, toleranceUs: 5_000_000n, rank: 3n },
    hex: "800000000bebc200800000000000000380038d7ea4c680008000000000000007800000000000000900000003776562800000000000000100",
  },
  {
    why: "the next bucket, whatever the rank",
    order: "recencyFirst",
    parts: { ...parts, eventTimeUs: 1_000_000_005_000_000n, toleranceUs: 5_000_000n, rank: -1n },
    hex: "800000000bebc2017fffffffffffffff80038d7ea512cb408000000000000007800000000000000900000003776562800000000000000100",
  },
];
