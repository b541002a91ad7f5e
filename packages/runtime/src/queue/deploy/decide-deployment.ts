import type { AssetKey } from "@watersmeet/core/values";
import type { StepFailure } from "../../step/step.ts";
import { isSameVersion, type AssetCode, type Code } from "./asset-code.ts";

/** An asset of a run that goes on, with what its steps are pinned to. */
export interface OpenAsset {
  readonly position: number;
  readonly asset: AssetKey;
  readonly codeVersion: string;
  readonly schemaVersion: string;
  /** `null`: nobody kept what the plan took for granted. */
  readonly layout: string | null;
  /** Code of the failure that its steps end with; `null`: they are executed. */
  readonly refusal: string | null;
  /** Steps that are not ended and not running. */
  readonly idleCount: number;
}

/** What a deployment makes of the steps of one asset. */
export interface CodeChange {
  readonly position: number;
  readonly asset: AssetKey;
  readonly from: Pick<AssetCode, "codeVersion" | "schemaVersion">;
  /** The same as `from` when its steps cannot go on. */
  readonly to: Pick<AssetCode, "codeVersion" | "schemaVersion">;
  /** How its steps end; `null`: they are executed with the new code. */
  readonly refusal: StepFailure | null;
}

/** Pins every asset of a run to the code that was deployed. Steps that run go on as they began; one of them that is tried again has the new code, like those that have not begun. */
export function decideUpgrade(assets: readonly OpenAsset[], code: Code): readonly CodeChange[] {
  return assets.flatMap((open): readonly CodeChange[] => {
    const { position, asset, codeVersion, schemaVersion } = open;
    const from = { codeVersion, schemaVersion };
    const deployed = code.get(asset);
    const refusal = refuseUpgrade(open, deployed);
    if (refusal !== null) {
      return refusal.code === open.refusal ? [] : [{ position, asset, from, to: from, refusal }];
    }
    if (deployed === undefined || (open.refusal === null && isSameVersion(from, deployed))) return [];
    const to = { codeVersion: deployed.codeVersion, schemaVersion: deployed.schemaVersion };
    return [{ position, asset, from, to, refusal: null }];
  });
}

/** Assets whose code has changed before all of their steps had begun. */
export function listOverrun(assets: readonly OpenAsset[], code: Code): readonly AssetKey[] {
  return assets.flatMap((open) =>
    open.idleCount === 0 || isSameVersion(open, code.get(open.asset)) ? [] : [open.asset],
  );
}

function refuseUpgrade({ asset, layout, ...pinned }: OpenAsset, deployed: AssetCode | undefined): StepFailure | null {
  if (deployed === undefined) {
    return describe(
      "DEPLOY_ASSET_GONE",
      `the code that was deployed while the run went on has no asset "${asset}" any more`,
      "Deploy code that has it and retry the run, or leave it: what the asset has published stays.",
    );
  }
  if (layout === deployed.layout || (pinned.refusal === null && isSameVersion(pinned, deployed))) return null;
  return describe(
    "DEPLOY_PLAN_OUTDATED",
    `in the code that was deployed while the run went on, "${asset}" has other inputs, partitions, resources or another store than the run was planned with`,
    "Plan again: start a new run of the asset.",
  );
}

function describe(code: string, message: string, hint: string): StepFailure {
  return { class: "permanent", code, message, hint, stack: null, details: null, retryAfterMs: null };
}

const namedAssets = 5;

export function describeAbort(assets: readonly AssetKey[], workerId: string): StepFailure {
  const more = assets.length > namedAssets ? ` and ${assets.length - namedAssets} more` : "";
  return describe(
    "DEPLOY_ABORTED",
    `worker ${workerId} came with other code of ${assets.slice(0, namedAssets).join(", ")}${more} before all of their steps had begun, and the run was to be cancelled then (--on-deploy abort)`,
    "What is finished stays. Start a new run for the rest.",
  );
}
