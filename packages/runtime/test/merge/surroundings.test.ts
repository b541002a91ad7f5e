import { foldHistory } from "@watersmeet/core/merge";
import { digestRows } from "@watersmeet/core/schema";
import { historyColumns, mergeHistories } from "@watersmeet/core/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { branchesOf, commitStep, feedPolicy, publishFeed, stampedMerge, toFeedBatches } from "./feed-world.ts";
import { openDuckdbWorld, openPostgresWorld, type MergeWorld } from "./merge-world.ts";

const histories = fc
  .sample(mergeHistories(fc, { rowPolicies: ["recencyFirst", "priorityFirst", "unionAll", "keepConflicts"] }), {
    numRuns: 3,
    seed: 31,
  })
  .map(({ spec, delivered }) => ({ spec, batches: toFeedBatches(delivered) }));

const zone = `do $$ begin execute format('alter database %I set timezone = ''America/New_York''', current_database()); end $$`;

/** What must not matter. */
const surroundings: Readonly<Record<string, () => Promise<MergeWorld>>> = {
  "one thread of DuckDB": () => openDuckdbWorld(undefined, 1),
  "four threads of DuckDB": () => openDuckdbWorld(undefined, 4),
  "a Postgres whose time zone is New York": () => openPostgresWorld(undefined, zone),
};

describe("a merge gives the reference's digest", () => {
  for (const [name, open] of Object.entries(surroundings)) {
    test(`with ${name}, and in a process of New York`, async () => {
      const before = process.env["TZ"];
      process.env["TZ"] = "America/New_York";
      try {
        await using world = await open();
        for (const { spec, batches } of histories) {
          const feed = await publishFeed(world, { spec, batches });
          const { commit } = await commitStep(world, {
            target: stampedMerge(world),
            merge: { policy: feedPolicy(spec.policy), branches: branchesOf(feed, [...batches.keys()]) },
          });
          const expected = foldHistory(spec, { deliveries: feed.sealed, orders: [] });
          const rows = expected.rows.map(({ row }) => row);
          expect(commit.dataDigest).toBe(digestRows({ columns: historyColumns }, rows));
        }
      } finally {
        if (before === undefined) delete process.env["TZ"];
        else process.env["TZ"] = before;
      }
    });
  }
});
