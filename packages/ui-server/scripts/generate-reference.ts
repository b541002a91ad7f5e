// Writes the generated references. A test fails while they are out of date.
import { writeFile } from "node:fs/promises";
import { buildReference } from "../src/cli/reference/build-reference.ts";

for (const [path, text] of await buildReference()) {
  await writeFile(new URL(`../../../${path}`, import.meta.url), text);
}
