import type { ErrorCode } from "../../../src/errors/index.ts";
import type { ProjectFiles } from "../temporary-project.ts";

/** A project with one mistake. `«` and `»` in a text mark the place that the problem must name. */
export interface RejectedCase {
  readonly code: ErrorCode;
  readonly title: string;
  readonly files: ProjectFiles;
}

export const head = `import { asset, assets, merge, query, source, daily, type All, type Ctx, type Db, type In, type Last, type Self } from "@watersmeet/core";
import type * as raw from "./raw.ts";
import { S } from "../lib/schema.ts";
`;

export const automationHead = `import { and, onCron, schedule, sensor } from "@watersmeet/core";\n`;

/** What every case has. */
export const commonFiles: ProjectFiles = {
  "lib/schema.ts": `import { z } from "zod";
export const S = z.object({ id: z.number() });
`,
  "assets/raw.ts": `import { assets, source } from "@watersmeet/core";
import { S } from "../lib/schema.ts";
export const orders = source({ schema: S, resource: "shop" }, () => []);
export const customers = source({ schema: S, resource: "shop" }, () => []);
export const regions = assets(["eu", "us"], (key) => source({ schema: S, resource: key }, () => []));
export const rate = 3;
`,
};

export function inFile(code: ErrorCode, title: string, body: string): RejectedCase {
  return { code, title, files: { "assets/bad.ts": `${head}${body}\n` } };
}
