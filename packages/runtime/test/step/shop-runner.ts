import { join } from "node:path";
import { buildPlan, createStepDependencies, listSteps, type StateSnapshot } from "@watersmeet/core/plan";
import { parseAssetKey, type AssetKey, type PartitionKey } from "@watersmeet/core/values";
import { createChildPool, type ChildPool } from "../../src/child/child-pool.ts";
import type { StoreConfig } from "../../src/config/config.ts";
import type { RunId } from "../../src/ledger/records.ts";
import { openProject, type OpenProject } from "../../src/project/open-project.ts";
import type { SplitPlanner } from "../../src/step/split/split-planner.ts";
import { createStepExecutor } from "../../src/step/step-executor.ts";
import type { StepPhase } from "../../src/step/step-work.ts";
import type { ClaimedStep, StepExecutor, StepListener, StepLogLine, StepOutcome } from "../../src/step/step.ts";
import { openStore, type OpenStoreOptions } from "../../src/stores/open-store.ts";
import type { Commit, Store } from "../../src/stores/store.ts";
import type { TestProject } from "./shop-project.ts";

export interface ShopRunnerOptions {
  readonly project: TestProject;
  readonly store?: StoreConfig;
  readonly onPhase?: (phase: StepPhase, step: ClaimedStep) => Promise<void> | void;
  /** @default no partition is split */
  readonly splits?: SplitPlanner;
  /** @default all keys */
  readonly shadowPerMille?: number;
  /** Before the store is asked to commit what a step has made. */
  readonly beforeCommit?: () => Promise<void> | void;
  /** Inside a commit of the store. */
  readonly onStorePhase?: NonNullable<OpenStoreOptions["onPhase"]>;
}

export interface StepOptions {
  readonly partition?: string;
  readonly isForced?: boolean;
  readonly runId?: string;
  readonly signal?: AbortSignal;
  readonly onLog?: (line: StepLogLine) => void;
  readonly onProgress?: StepListener["progress"];
  /** What the caller changes of the claimed step. */
  readonly change?: (step: ClaimedStep) => ClaimedStep;
}

/** A worker without a ledger: it claims one step after the other and remembers what was committed. */
export class ShopRunner implements AsyncDisposable {
  readonly project: OpenProject;
  readonly store: Store;
  readonly children: ChildPool;
  readonly executor: StepExecutor;
  readonly heads = new Map<string, Commit>();
  #attempts = 0;

  static async open(options: ShopRunnerOptions): Promise<ShopRunner> {
    const { root, stateDirectory } = options.project;
    const config = options.store ?? {
      kind: "duckdb",
      path: ".watersmeet/data.duckdb",
      memoryLimit: "256MB",
      threads: 1,
    };
    const store = await openStore({
      name: "default",
      config,
      root,
      stateDirectory,
      ...(options.onStorePhase === undefined ? {} : { onPhase: options.onStorePhase }),
    });
    const children = createChildPool({ root, size: 2, memoryMb: 128, stepsPerChild: 100, env: process.env });
    const cacheDirectory = join(stateDirectory, "cache");
    const project = await openProject({ root, assets: ["assets/**/*.ts"], cacheDirectory, childPool: children });
    const executor = createStepExecutor({
      project: () => project.current(),
      stores: new Map([["default", holdCommits(store, options.beforeCommit)]]),
      children,
      stateDirectory,
      // Every key: what is folded in part must be what is folded in full.
      shadowPerMille: options.shadowPerMille ?? 1_000,
      ...(options.splits === undefined ? {} : { splits: options.splits }),
      ...(options.onPhase === undefined ? {} : { onPhase: options.onPhase }),
    });
    return new ShopRunner({ project, store, children, executor });
  }

  private constructor(parts: Pick<ShopRunner, "project" | "store" | "children" | "executor">) {
    this.project = parts.project;
    this.store = parts.store;
    this.children = parts.children;
    this.executor = parts.executor;
  }

  /** Remembers what another process has committed of these assets. */
  async adopt(...assets: readonly string[]): Promise<void> {
    for (const asset of assets.map(parseAssetKey)) {
      const heads = await this.store.listHeads("prod", asset);
      const commits = await this.store.findCommits(heads.map(({ commitId }) => commitId));
      for (const commit of commits) this.heads.set(headName(asset, commit.partition), commit);
    }
  }

  /** Runs one step on what is committed now. */
  async run(asset: string, options: StepOptions = {}): Promise<StepOutcome> {
    const claimed = this.claim(asset, options);
    const step = options.change?.(claimed) ?? claimed;
    const listener = { log: options.onLog ?? (() => {}), progress: options.onProgress ?? (() => {}) };
    const outcome = await this.executor.execute(step, listener, options.signal ?? new AbortController().signal);
    if (outcome.kind === "committed") this.heads.set(headName(step.asset, step.partition), outcome.commit);
    return outcome;
  }

  /** Runs one step that must end well. */
  async make(asset: string, options: StepOptions = {}): Promise<Commit> {
    const outcome = await this.run(asset, options);
    if (outcome.kind === "committed") return outcome.commit;
    throw new Error(`${asset} was not committed: ${JSON.stringify(outcome)}`);
  }

  /** A step as a worker would hold it, its inputs pinned to what is committed. */
  claim(asset: string, { partition = "", isForced = false, runId = "run1" }: StepOptions): ClaimedStep {
    const key = parseAssetKey(asset);
    const { graph } = this.project.current();
    const entry = graph.assets.get(key);
    if (entry === undefined) throw new Error(`no asset ${asset}`);
    const snapshot: StateSnapshot = { environment: "prod", sequence: "0", heads: new Map(), failed: new Map() };
    const request = { select: "*", force: true };
    const planned = buildPlan({ graph, snapshot, now: new Date("2002-01-01T00:00:00Z"), request });
    if ("problems" in planned) throw new Error(JSON.stringify(planned.problems));
    const step = [...listSteps(planned.plan)].find((one) => one.asset === key && one.partition === partition);
    if (step === undefined) throw new Error(`no step ${asset} @ ${partition}`);
    const inputs = createStepDependencies(planned.plan).inputsOf(step.ordinal);
    const head = this.heads.get(headName(key, step.partition));
    this.#attempts += 1;
    return {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a run that no ledger made
      runId: runId as RunId,
      ordinal: step.ordinal,
      environment: "prod",
      asset: key,
      partition: step.partition,
      reason: step.reason,
      codeVersion: entry.codeVersion,
      schemaVersion: entry.schemaVersion,
      attempt: 1,
      attemptId: `a${process.pid}_${this.#attempts}`,
      isForced,
      inputs: inputs.flatMap((input) =>
        input.partitions.flatMap((read) => this.#pin(input.position, input.asset, read)),
      ),
      head: head === undefined ? null : { version: head.version, commitId: head.commitId },
      orders: null,
      traceId: "trace1",
    };
  }

  async rows(asset: string, partition = ""): Promise<readonly unknown[]> {
    const key = parseAssetKey(asset);
    const spec = this.project.current().specs.get(key);
    const entry = this.project.current().graph.assets.get(key);
    const head = [...this.heads.values()].find((commit) => commit.asset === key && commit.partition === partition);
    if (spec === undefined || entry === undefined || head === undefined) return [];
    const rows: unknown[] = [];
    const stored = { key, schema: spec.schema, isPartitioned: entry.partitions !== null };
    const versions = [{ partition: head.partition, version: head.version }];
    for await (const chunk of this.store.readRows({ asset: stored, versions })) rows.push(...chunk);
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.executor[Symbol.asyncDispose]();
    await this.children[Symbol.asyncDispose]();
    await this.project[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }

  #pin(position: string, asset: AssetKey, partition: PartitionKey): ClaimedStep["inputs"] {
    const commit = this.heads.get(headName(asset, partition));
    if (commit === undefined) return [];
    const { version, commitId, dataDigest } = commit;
    return [{ position, asset, partition, version, commitId, dataDigest }];
  }
}

/** The same store, of which every commit waits for something else to happen first. */
function holdCommits(store: Store, happen: ShopRunnerOptions["beforeCommit"]): Store {
  if (happen === undefined) return store;
  return new Proxy(store, {
    get(target, name) {
      if (name === "commit") {
        return async (requests: Parameters<Store["commit"]>[0]) => {
          await happen();
          return await target.commit(requests);
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function headName(asset: AssetKey, partition: PartitionKey): string {
  return `${asset}@${partition}`;
}
