import type { WaitPolicy } from "@watersmeet/core";
import { listPlannedInputs } from "@watersmeet/core/plan";
import type { AssetKey } from "@watersmeet/core/values";
import type { Config } from "../../config/config.ts";
import type { Project } from "../../project/project.ts";
import { fingerprintLayout, type AssetExecution } from "../../queue/asset-execution.ts";
import type { AssetCode, Code } from "../../queue/deploy/asset-code.ts";

/** How a merge waits that says nothing of it. */
const waitForAll: WaitPolicy = { quorum: null, deadlineMs: null, required: [] };

/** Resources that the configuration says nothing of have no limit, and cost nothing. */
export function executionOf(project: Project, config: Config, key: AssetKey): AssetExecution {
  const spec = project.specs.get(key);
  const named = project.graph.assets.get(key)?.resource ?? null;
  const uses = spec?.execution.resources ?? (named === null ? [] : [{ name: named, weight: 1 }]);
  const stagedBytes = spec?.execution.stagedBytes ?? config.budgets.stagedBytes;
  return {
    store: spec?.store ?? "default",
    resources: uses.filter((use) => config.resources[use.name] !== undefined),
    maxAttempts: spec?.execution.maxAttempts ?? config.retries.maxAttempts,
    stagedBytes: stagedBytes === false ? null : stagedBytes,
    ...(spec === undefined || spec.policy === null ? {} : { wait: spec.merge?.wait ?? waitForAll }),
  };
}

/** The code of the project as it is now. The same object until the project is derived anew: claims ask for it each time. */
export function createCodeReader(project: () => Project, config: Config): () => Code {
  let read: { readonly of: Project; readonly code: Code } | null = null;
  return () => {
    const now = project();
    if (read?.of !== now) read = { of: now, code: listCode(now, config) };
    return read.code;
  };
}

function listCode(project: Project, config: Config): Code {
  const { graph } = project;
  return new Map(
    [...graph.assets].map(([key, asset]): [AssetKey, AssetCode] => {
      const { codeVersion, schemaVersion, partitions } = asset;
      const inputs = listPlannedInputs(graph, asset);
      const layout = fingerprintLayout({ inputs, partitions }, executionOf(project, config, key));
      return [key, { codeVersion, schemaVersion, layout }];
    }),
  );
}
