import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareStrings, parseAssetKey, unpartitioned } from "@watersmeet/core/values";
import type { StoreConfig } from "../../../src/config/config.ts";
import type { StepOutcome } from "../../../src/step/step.ts";
import type { BatchRecord } from "../../../src/stores/port/merge-records.ts";
import { copyShop, type TestProject } from "../shop-project.ts";
import { ShopRunner, type ShopRunnerOptions } from "../shop-runner.ts";

/** What a source of the shop says next. */
export interface Delivered {
  readonly rows: readonly object[];
  readonly cursor?: unknown;
  readonly watermark?: string;
  readonly isFinished?: boolean;
}

/** The shop's merges, and sources that deliver what a test puts there. */
export class StockRunner implements AsyncDisposable {
  readonly shop: ShopRunner;
  readonly #project: TestProject;
  readonly #name: string;
  #runs = 0;

  /** `name` begins the ids of its runs. */
  static async open(name: string, options: Omit<ShopRunnerOptions, "project">): Promise<StockRunner> {
    const project = await copyShop();
    await mkdir(join(project.root, "data"));
    return new StockRunner(name, project, await ShopRunner.open({ project, ...options }));
  }

  private constructor(name: string, project: TestProject, shop: ShopRunner) {
    this.#name = name;
    this.#project = project;
    this.shop = shop;
  }

  /** Puts there what an asset delivers next, and has it delivered. */
  async deliver(asset: string, delivered: Delivered, partition = ""): Promise<void> {
    const name = partition === "" ? asset : `${asset}-${partition}`;
    await writeFile(join(this.#project.root, "data", `${name}.json`), JSON.stringify(delivered));
    this.#runs += 1;
    await this.shop.make(asset, { partition, isForced: true, runId: `${this.#name}${this.#runs}` });
  }

  /** Newest first. */
  async batches(asset: string): Promise<readonly BatchRecord[]> {
    return this.shop.store.merges.listBatches({
      asset: parseAssetKey(asset),
      partition: unpartitioned,
      limit: 100,
    });
  }

  async takeBack(asset: string, version: number): Promise<void> {
    const spec = this.shop.project.current().specs.get(parseAssetKey(asset));
    if (spec === undefined) throw new Error(`no asset ${asset}`);
    this.#runs += 1;
    const commit = await this.shop.store.revert({
      environment: "prod",
      asset: { key: spec.key, schema: spec.schema, isPartitioned: false },
      partition: unpartitioned,
      version,
      moveId: `move${this.#runs}`,
    });
    this.shop.heads.set(`${asset}@`, commit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shop[Symbol.asyncDispose]();
    await this.#project[Symbol.asyncDispose]();
  }
}

/** Where a merge of either engine keeps its rows. */
export function storeOf(kind: "duckdb" | "postgres", url: string): { readonly store?: StoreConfig } {
  return kind === "duckdb" ? {} : { store: { kind, url, schema: "public" } };
}

export function at(hour: number, day = 1): string {
  return `2001-01-0${day}T0${hour}:00:00Z`;
}

/** In one order. */
export function skus(rows: readonly unknown[]): readonly unknown[] {
  return rows.map((row) => (row !== null && typeof row === "object" && "sku" in row ? row.sku : row)).toSorted(byText);
}

/** In the order of what they read as. */
export function byText(a: unknown, b: unknown): number {
  return compareStrings(JSON.stringify(a), JSON.stringify(b));
}

export function failureOf(outcome: StepOutcome): { readonly message: string } {
  if (outcome.kind === "failed" || outcome.kind === "blocked") return outcome.failure;
  throw new Error(`it ended ${outcome.kind}`);
}
