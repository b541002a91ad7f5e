import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { WatersmeetError } from "@watersmeet/core/errors";

export const configFileName = "watersmeet.config.ts";

export interface ProjectLocation {
  readonly root: string;
  /** `null`: the project has no configuration file, and defaults hold. */
  readonly configFile: string | null;
}

/**
 * Goes upwards from a folder to the first watersmeet.config.ts; without one, to the first folder with a package.json and an assets folder.
 *
 * @throws {CONFIG_NOT_FOUND}
 */
export function findProject(directory: string): ProjectLocation {
  const folders = listParents(resolve(directory));
  const configured = folders.find((folder) => existsSync(join(folder, configFileName)));
  if (configured !== undefined) return { root: configured, configFile: join(configured, configFileName) };
  const bare = folders.find((folder) => existsSync(join(folder, "package.json")) && isFolder(join(folder, "assets")));
  if (bare !== undefined) return { root: bare, configFile: null };
  throw new WatersmeetError("CONFIG_NOT_FOUND", `No project in ${resolve(directory)} or above it`, {
    hint: `A project is a folder with a ${configFileName}, or with a package.json and an assets folder. \`watersmeet init\` makes one.`,
  });
}

/** From the inside out. */
function listParents(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...listParents(parent)];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
