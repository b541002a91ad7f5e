import { join } from "node:path";
import { createChildPool, type ChildPool } from "../../child/child-pool.ts";
import type { Config } from "../../config/config.ts";
import { loadConfig, type ConfigSources } from "../../config/load-config.ts";
import { loadProject, type LoadProjectOptions } from "../../project/load-project.ts";
import type { Project } from "../../project/project.ts";

/** The project with all its problems; no database and no store is touched. */
export async function deriveProject(sources: ConfigSources): Promise<Project> {
  const config = await loadConfig(sources);
  await using children = createProjectChildren(config, { size: 1, env: sources.env ?? {} });
  return await loadProject(projectOptions(config, children));
}

export function createProjectChildren(
  config: Config,
  options: { readonly size: number; readonly env: Readonly<Record<string, string | undefined>> },
): ChildPool {
  return createChildPool({
    root: config.root,
    memoryMb: config.worker.childMemoryMb,
    env: options.env,
    size: options.size,
    stepsPerChild: config.worker.stepsPerChild,
  });
}

export function projectOptions(config: Config, childPool: ChildPool): LoadProjectOptions {
  return { root: config.root, assets: config.assets, cacheDirectory: join(config.stateDirectory, "cache"), childPool };
}
