import { afterAll, beforeAll, describe } from "vitest";
import { describeBecomingStamped } from "./contract/becoming-stamped.ts";
import { describeManyPartitions } from "./contract/many-partitions.ts";
import { describeMeasuring } from "./contract/measuring.ts";
import { describeQueries } from "./contract/queries.ts";
import { describeReading } from "./contract/reading.ts";
import { describeSchemas } from "./contract/schemas.ts";
import { describeSmallRows } from "./contract/small-rows.ts";
import type { OpenedStore, StoreWorld } from "./contract/store-world.ts";
import { describeValues } from "./contract/values.ts";
import { describeVersions } from "./contract/versions.ts";
import { createScratch, type Scratch } from "./stored-rows.ts";

/** What every store does, by chapter. Each adapter runs all of it; assets have their own names, so that one store serves all tests. */
export function describeStore(kind: string, open: (scratch: Scratch) => Promise<OpenedStore>): void {
  describe(`the ${kind} store`, () => {
    let scratch: Scratch;
    let opened: OpenedStore;
    const world: StoreWorld = {
      kind,
      get store() {
        return opened.store;
      },
      get scratch() {
        return scratch;
      },
      query: (sql) => opened.query(sql),
    };

    beforeAll(async () => {
      scratch = await createScratch();
      opened = await open(scratch);
    });

    afterAll(async () => {
      await opened.close();
      await scratch[Symbol.asyncDispose]();
    });

    describeVersions(world);
    describeManyPartitions(world);
    describeQueries(world);
    describeValues(world);
    describeSmallRows(world);
    describeMeasuring(world);
    describeSchemas(world);
    describeReading(world);
    describeBecomingStamped(world);
  });
}
