import { parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import { describe, expect, it } from "vitest";
import type { BatchRecord } from "../../../stores/port/merge-records.ts";
import { selectRange, type SourceRange } from "./source-range.ts";

function batch(batchId: string, part: Partial<BatchRecord>): BatchRecord {
  return {
    batchId,
    asset: parseAssetKey("airports"),
    partition: unpartitioned,
    branch: "faa",
    batchKey: batchId,
    generation: 1,
    epoch: 1,
    digest: "d",
    sequence: "1",
    rowCount: 1,
    duplicateCount: 0,
    rejectedCount: 0,
    eventTimes: null,
    cursor: null,
    promise: null,
    origin: null,
    standing: "live",
    lateness: {},
    sealedAt: "2001-01-01T00:00:00Z",
    sinceVersion: 1,
    ...part,
  };
}

const micros = (instant: string): string => String(BigInt(Date.parse(instant)) * 1000n);
const times = (least: string, greatest = least) => ({
  eventTimes: { least: micros(least), greatest: micros(greatest) },
});
const position = (to: number) => ({ cursor: { from: null, to: String(to).padStart(16, "0") } });

function select(batches: readonly BatchRecord[], from: string | null, to: string | null): string {
  const range: SourceRange = { from, to };
  return selectRange(batches, range)
    .map((each) => each.batchId)
    .join("");
}

describe("a range of a source", () => {
  it("of positions takes the deliveries whose cursor got there, both ends included, as numbers", () => {
    const batches = [
      batch("a", position(2)),
      batch("b", position(9)),
      batch("c", position(10)),
      batch("d", position(11)),
    ];
    expect([select(batches, "9", "10"), select(batches, "3", null), select(batches, null, "9")]).toEqual([
      "bc",
      "bcd",
      "ab",
    ]);
  });

  it("of times takes what lies wholly in it: by the cursor where that is a time, by the rows otherwise", () => {
    const batches = [
      batch("a", { cursor: { from: "2001-01-01", to: "2001-01-02" }, ...times("1990-01-01") }),
      batch("b", times("2001-01-02T23:59:59.999Z")),
      batch("c", { ...position(7), ...times("2001-01-02") }),
      batch("d", times("2001-01-02", "2001-01-03")),
      batch("e", {}),
    ];
    expect(select(batches, "2001-01-02", "2001-01-02")).toBe("abc");
    expect(select(batches, "2001-01-02T00:00:00Z", null)).toBe("abcd");
  });

  it("without ends takes everything", () => {
    expect(select([batch("a", {}), batch("b", position(1))], null, null)).toBe("ab");
  });

  it("is refused when it is neither a time nor a position", () => {
    expect(() => select([batch("a", times("2001-01-01"))], "yesterday", null)).toThrow(
      expect.objectContaining({ code: "USAGE_INVALID" }),
    );
  });
});
