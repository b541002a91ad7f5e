import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A generated project of realistic shape: ten assets a file, five layers, a third queries, helpers and upstream assets reached in several ways. */
export interface GeneratedProject extends Disposable {
  readonly root: string;
  /** Files that declare assets, relative to the root. */
  readonly assetFiles: readonly string[];
}

const assetsPerFile = 10;
const layers = 5;

export function generateProject(assetCount: number): GeneratedProject {
  const root = mkdtempSync(join(realpathSync(tmpdir()), "watersmeet-bench-"));
  const fileCount = assetCount / assetsPerFile;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, text] of Object.entries(projectFiles(fileCount))) write(path, text);
  const assetFiles = Array.from({ length: fileCount }, (_, file) => `assets/f${file}.ts`);
  for (const [file, path] of assetFiles.entries()) write(path, renderAssetFile(file));
  linkPackages(root);
  return { root, assetFiles, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

/** The workspace's own core, and what it gives authors to use. */
function linkPackages(root: string): void {
  const core = join(import.meta.dirname, "..");
  mkdirSync(join(root, "node_modules/@watersmeet"), { recursive: true });
  symlinkSync(core, join(root, "node_modules/@watersmeet/core"));
  mkdirSync(join(root, "node_modules/@types"));
  symlinkSync(join(core, "../../node_modules/@types/node"), join(root, "node_modules/@types/node"));
  for (const name of ["zod", "kysely"]) symlinkSync(join(core, "node_modules", name), join(root, "node_modules", name));
}

function projectFiles(fileCount: number): Record<string, string> {
  const compilerOptions = {
    target: "es2024",
    lib: ["es2024", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    paths: { "@assets/*": ["./assets/*"] },
  };
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ type: "module", imports: { "#lib/*": "./lib/*" } }),
    "tsconfig.json": JSON.stringify({ compilerOptions, include: ["assets", "lib"] }),
    "lib/all.ts": Array.from({ length: fileCount }, (_, file) => `export type * from "../assets/f${file}.ts";\n`).join(
      "",
    ),
  };
  for (let lib = 0; lib < Math.max(1, fileCount / 10); lib++) files[`lib/helpers${lib}.ts`] = renderHelpers(lib);
  return files;
}

function renderHelpers(lib: number): string {
  return `export const rate${lib} = ${1 + lib / 10};

/** Scales an amount by the rate of its region. */
export function scale${lib}(amount: number, factor: number): number {
  if (Number.isNaN(amount)) return 0;
  return Math.round(amount * factor * rate${lib} * 100) / 100;
}

export function label${lib}(status: string): string {
  return status.trim().toLowerCase().replaceAll(" ", "-");
}
`;
}

function renderAssetFile(file: number): string {
  const layer = file % layers;
  const lib = Math.floor(file / 10);
  const upstream = upstreamFiles(file);
  const imports = [
    `import { asset, query, source, type Ctx, type Db, type In, type Last } from "@watersmeet/core";`,
    `import { z } from "zod";`,
    `import { label${lib}, scale${lib} } from "#lib/helpers${lib}.ts";`,
    ...(layer === 0
      ? []
      : [
          `import type * as up from "./f${upstream[0]}.ts";`,
          `import type { a${upstream[1]}_1 as renamed } from "@assets/f${upstream[1]}.ts";`,
          `import type * as all from "../lib/all.ts";`,
        ]),
  ];
  const assets = Array.from({ length: assetsPerFile }, (_, index) =>
    renderAsset({ file, index, lib, upstream, layer }),
  );
  return `${imports.join("\n")}\n\n${assets.join("\n")}`;
}

/** Two files of the layer below. */
function upstreamFiles(file: number): readonly [number, number] {
  const below = file - 1;
  return [below, Math.max(below - layers, below % layers)];
}

interface AssetShape {
  readonly file: number;
  readonly index: number;
  readonly lib: number;
  readonly layer: number;
  readonly upstream: readonly [number, number];
}

function renderAsset(shape: AssetShape): string {
  const { file, index, layer } = shape;
  const name = `a${file}_${index}`;
  const schema = `z.object({
  id: z.number().int(),
  status: z.enum(["open", "paid", "void"]),
  amount: z.number(),
  region: z.string().nullable(),
})`;
  const head = `const S${index} = ${schema};\n\n/** Asset ${index} of file ${file}: amounts by status. */\n`;
  if (layer === 0) return `${head}${renderSource(name, shape)}`;
  return index % 3 === 2 ? `${head}${renderQuery(name, shape)}` : `${head}${renderFunction(name, shape)}`;
}

function renderSource(name: string, { index, lib }: AssetShape): string {
  return `export const ${name} = source({ schema: S${index}, resource: "shop", tags: ["raw"] }, async (ctx: Ctx) => {
  ctx.log.info("reading");
  const factor = ctx.attempt;
  return [{ id: ${index}, status: "open" as const, amount: scale${lib}(${index}, factor), region: label${lib}("North East") }];
});
`;
}

function renderQuery(name: string, { index, upstream }: AssetShape): string {
  return `export const ${name} = query(
  { schema: S${index}, tags: ["mart"] },
  (o: In<typeof up.a${upstream[0]}_${index}>, c: In<typeof all.a${upstream[1]}_${(index + 1) % assetsPerFile}>, db: Db) =>
    db
      .selectFrom(o.as("o"))
      .innerJoin(c.as("c"), "c.id", "o.id")
      .select(["o.id", "o.status", "c.amount", "c.region"])
      .where("o.status", "=", "paid"),
);
`;
}

function renderFunction(name: string, { index, lib, upstream }: AssetShape): string {
  const input = index % 2 === 0 ? `o: In<typeof up.a${upstream[0]}_${index}>` : `o: In<typeof renamed, Last<7>>`;
  const second = index % 3 === 1 ? `, c?: In<typeof all.a${upstream[0]}_${(index + 3) % assetsPerFile}>` : "";
  const extra = second === "" ? "0" : "(await c?.all())?.length ?? 0";
  return `export const ${name} = asset({ schema: S${index}, tags: ["core"] }, async (${input}${second}) => {
  const rows = await o.all();
  const more = ${extra};
  return rows
    .filter((row) => row.status !== "void")
    .map((row) => ({ ...row, amount: scale${lib}(row.amount, more + 1), region: label${lib}(row.region ?? "none") }));
});
`;
}
