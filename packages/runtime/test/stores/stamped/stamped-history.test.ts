import type { Check } from "@watersmeet/core/gate";
import type { MergePolicy } from "@watersmeet/core/merge";
import { digestRows, type Row, type RowSchema } from "@watersmeet/core/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readExchangeFile } from "../../../src/exchange/read-exchange-file.ts";
import type { StoredAsset } from "../../../src/stores/port/staging.ts";
import type { Commit, Staged } from "../../../src/stores/store.ts";
import { sortRows } from "../contract/sort-rows.ts";
import { column, createScratch, partition, read, stampedAsset, type Scratch } from "../stored-rows.ts";
import { openWorlds, type StampedWorld } from "./stamped-world.ts";
import type { Told } from "./telling-engine.ts";

const schema: RowSchema = {
  columns: [
    column("id", { kind: "integer" }, false),
    column("site", { kind: "text" }, false),
    column("name", { kind: "text" }),
    column("amount", { kind: "double" }),
    column("note", { kind: "json" }),
  ],
};
const policyOf = (rows: MergePolicy["rows"]): MergePolicy => ({
  key: ["id", "site"],
  rows,
  columns: {},
  trust: {},
  eventTime: null,
});
const checks: readonly Check[] = [
  { kind: "row", id: "named", message: "", predicate: { kind: "notNull", column: "name" } },
  { kind: "uniqueKey", id: "key", message: "", columns: ["id", "site"] },
  { kind: "uniqueKey", id: "name", message: "", columns: ["name"] },
];

const histories = [
  ["one row per key", false, "recencyFirst", 20],
  ["one row per key, with partitions", true, "recencyFirst", 36],
  ["several rows per key", true, "unionAll", 24],
] as const;

for (const kind of ["DuckDB", "Postgres"] as const) {
  describe(`versions that are kept as differences, in ${kind}`, () => {
    let scratch: Scratch;
    let world: StampedWorld;
    const told = new Map<string, Told>();

    beforeAll(async () => {
      scratch = await createScratch();
      world = await openWorlds[kind](scratch, { tell: (attempt) => told.get(attempt) ?? { rows: [], keys: null } });
    });

    afterAll(async () => {
      await world[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    });

    for (const [index, [title, isPartitioned, rows, steps]] of histories.entries()) {
      test(`read as they were written whatever heads did meanwhile: ${title}`, async () => {
        const asset = stampedAsset(`history_${index}`, isPartitioned, schema);
        const history = new History({ world, scratch, told, asset, policy: policyOf(rows), seed: 20 + index });
        for (let step = 0; step < steps; step += 1) {
          await history.step(step);
          if (step % 6 === 5) await history.expectReaders();
          if (step % 16 === 15) await history.collect();
        }
        await history.expectAll();
      });
    }
  });
}

interface HistoryOptions {
  readonly world: StampedWorld;
  readonly scratch: Scratch;
  readonly told: Map<string, Told>;
  readonly asset: StoredAsset;
  readonly policy: MergePolicy;
  readonly seed: number;
}

interface Version {
  readonly commit: Commit;
  readonly rows: readonly Row[];
}

/** A random history of an asset, and what each of its versions must read. */
class History {
  readonly #options: HistoryOptions;
  readonly #random: (below: number) => number;
  /** By partition, oldest first. */
  readonly #versions = new Map<string, Version[]>();
  /** By environment and partition: the version. */
  readonly #heads = new Map<string, Version>();

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#random = randomBelow(options.seed);
  }

  /** A new version, mostly; else a head goes back. */
  async step(step: number): Promise<void> {
    const { asset, scratch, world } = this.#options;
    const at = asset.isPartitioned ? `p${this.#random(3)}` : "";
    // The environment of a store's first commit is the one that readers see.
    const environment = step > 0 && this.#random(4) === 0 ? "dev" : "prod";
    const versions = this.#versions.get(at) ?? [];
    const head = this.#heads.get(`${environment} ${at}`);
    if (head !== undefined && this.#random(5) === 0) {
      const to = versions[this.#random(versions.length)] ?? head;
      const moving = { environment, asset, partition: partition(at), version: to.commit.version };
      await world.store.revert({ ...moving, moveId: scratch.next() });
      this.#heads.set(`${environment} ${at}`, to);
      return;
    }
    const version = await this.#publish({ at, environment, step });
    this.#versions.set(at, [...versions, version]);
    this.#heads.set(`${environment} ${at}`, version);
  }

  async #publish(on: { readonly at: string; readonly environment: string; readonly step: number }): Promise<Version> {
    const { asset, policy, scratch, told, world } = this.#options;
    const versions = this.#versions.get(on.at) ?? [];
    const tip = versions.at(-1)?.rows ?? [];
    const start = versions[this.#random(Math.max(versions.length, 1))]?.rows ?? [];
    const rows = this.#mutate(start, on.step);
    const attempt = scratch.next();
    const isWhole = this.#random(4) === 0 || versions.length === 0;
    const affected = new Map([...tip, ...rows].map((row) => [keyOf(row), row]));
    for (const [key] of affected) {
      const isSame = textOf(tip, key) === textOf(rows, key);
      if (isSame && this.#random(3) > 0) affected.delete(key);
    }
    told.set(
      attempt,
      isWhole
        ? { rows, keys: null }
        : { rows: rows.filter((row) => affected.has(keyOf(row))), keys: [...affected.values()] },
    );
    await world.store.ensureAsset(asset);
    const target = { asset, partition: partition(on.at), attempt };
    const staged = await world.store.stageMerge(target, { policy, branches: [] });
    expect(staged.rowCount).toBe(rows.length);
    expect(staged.difference?.from ?? null).toBe(versions.at(-1)?.commit.version ?? null);
    const measurement = await world.store.measure(staged, checks);
    expect(measurement).toMatchObject({ rowCount: rows.length, dataDigest: digestRows(schema, rows) });
    expect(measurement.checks.map(({ failedRows }) => failedRows)).toEqual(countFailures(rows));
    if (on.step % 5 === 0) await this.#expectExport(staged, { rows, tip });
    const [commit] = await world.store.commit([
      {
        commitId: scratch.next(),
        environment: on.environment,
        staged,
        measurement,
        baseVersion: this.#heads.get(`${on.environment} ${on.at}`)?.commit.version ?? null,
        record: {},
      },
    ]);
    if (commit === undefined) throw new Error("no commit");
    return { commit, rows };
  }

  /** All rows, and those that the tip has not: rows that are equal to one of the tip are not written again. */
  async #expectExport(staged: Staged, { rows, tip }: { readonly rows: readonly Row[]; readonly tip: readonly Row[] }) {
    const { scratch, world } = this.#options;
    const exported = async (which: "all" | "opened") => {
      const found: Row[] = [];
      const file = await world.store.exportStaged(staged, scratch.folder, { rows: which });
      for await (const chunk of readExchangeFile(file)) found.push(...chunk);
      return sortRows(schema, found);
    };
    expect(await exported("all")).toEqual(sortRows(schema, rows));
    const left = tip.map((row) => JSON.stringify(row));
    const opened = rows.filter((row) => {
      const index = left.indexOf(JSON.stringify(row));
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
    expect(await exported("opened")).toEqual(sortRows(schema, opened));
    if (staged.difference !== null)
      expect(staged.difference).toMatchObject({ openedRows: opened.length, closedRows: left.length });
  }

  #mutate(rows: readonly Row[], step: number): readonly Row[] {
    const isMany = this.#options.policy.rows === "unionAll";
    const kept = rows.filter(() => this.#random(6) > 0);
    const changed = kept.map((row) => (this.#random(5) === 0 ? { ...row, ...this.#cells() } : row));
    const added = Array.from({ length: this.#random(4) + (rows.length === 0 ? 12 : 0) }, () => ({
      id: this.#random(30),
      site: ["a", "b'"][this.#random(2)] ?? "a",
      ...this.#cells(),
    }));
    // Every tenth version breaks the checks, so that the one after it has to check all of its rows.
    const doubtful = step % 10 === 9 ? [{ id: 99, site: "z", name: null, amount: null, note: null }] : [];
    const all = [...changed, ...added, ...doubtful];
    return isMany ? all : [...new Map(all.map((row) => [keyOf(row), row])).values()];
  }

  #cells(): Row {
    const [name, amount] = [this.#random(40), this.#random(3)];
    return {
      name: `n${name}`,
      amount: [null, 0, 1.5][amount] ?? null,
      note: [null, { a: 1, b: [this.#random(2)] }, "x"][this.#random(3)] ?? null,
    };
  }

  /** Keeps a few versions, heads and tips; the others are gone, and the store has no row that none of the kept ones has. */
  async collect(): Promise<void> {
    const { asset, world } = this.#options;
    const all = [...this.#versions.values()].flat();
    const heads = [...this.#heads.values()];
    const tips = [...this.#versions.values()].flatMap((versions) => versions.at(-1) ?? []);
    const chosen = all.filter(() => this.#random(4) === 0);
    const kept = new Set([...chosen, ...heads, ...tips]);
    const options = { asset, keepVersions: chosen.map(({ commit }) => commit.version) };
    const planned = await world.store.collect({ ...options, dryRun: true });
    expect(await world.store.collect({ ...options, dryRun: false })).toEqual(planned);
    expect(planned.versions).toBe(all.length - kept.size);
    expect(await world.store.collect({ ...options, dryRun: true })).toMatchObject({ versions: 0, rows: 0 });
    for (const [at, versions] of this.#versions)
      this.#versions.set(
        at,
        versions.filter((version) => kept.has(version)),
      );
    for (const { commit } of all.filter((version) => !kept.has(version)).slice(0, 1))
      await expect(read(world.store, asset, [commit])).rejects.toMatchObject({ code: "STORE_VERSION_UNKNOWN" });
    await this.expectAll();
  }

  async expectReaders(): Promise<void> {
    const { asset, world } = this.#options;
    const heads = [...this.#heads].flatMap(([at, { rows }]) => (at.startsWith("prod ") ? rows : []));
    const seen = await world.query(`select id, site, name from "${asset.key}"`);
    const textOfRow = (row: Readonly<Record<string, unknown>>) =>
      [row["id"], row["site"], row["name"]].map(String).join(" ");
    expect(seen.map(textOfRow).sort()).toEqual(heads.map(textOfRow).sort());
  }

  async expectAll(): Promise<void> {
    const { asset, world } = this.#options;
    await this.expectReaders();
    for (const { commit, rows } of [...this.#versions.values()].flat()) {
      expect(sortRows(schema, await read(world.store, asset, [commit]))).toEqual(sortRows(schema, rows));
      expect(commit.dataDigest).toBe(digestRows(schema, rows));
    }
    const tips = [...this.#versions.values()].flatMap((versions) => versions.at(-1) ?? []);
    const firsts = [...this.#versions.values()].flatMap((versions) => versions[0] ?? []);
    for (const some of [tips, firsts, [...this.#heads.values()]]) {
      const distinct = [...new Map(some.map((version) => [version.commit.version, version])).values()];
      const stored = await read(
        world.store,
        asset,
        distinct.map(({ commit }) => commit),
      );
      expect(sortRows(schema, stored)).toEqual(
        sortRows(
          schema,
          distinct.flatMap(({ rows }) => rows),
        ),
      );
    }
  }
}

function keyOf(row: Row): string {
  return JSON.stringify([row["id"], row["site"]]);
}

function textOf(rows: readonly Row[], key: string): string {
  return rows
    .flatMap((row) => (keyOf(row) === key ? [JSON.stringify(row)] : []))
    .sort()
    .join(" ");
}

/** As `checks` counts them. */
function countFailures(rows: readonly Row[]): readonly number[] {
  const shared = (valueOf: (row: Row) => string) => {
    const groups = Map.groupBy(rows, valueOf);
    return [...groups.values()].reduce((sum, group) => sum + (group.length > 1 ? group.length : 0), 0);
  };
  return [rows.filter((row) => row["name"] === null).length, shared(keyOf), shared((row) => String(row["name"]))];
}

function randomBelow(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
