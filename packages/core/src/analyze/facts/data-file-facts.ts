import { hash } from "node:crypto";
import type { FileFacts, Span } from "./file-facts.ts";

/** Facts of an imported data file (JSON, text): one default export, whose code is the text. */
export function dataFileFacts(text: string): FileFacts {
  const at: Span = [0, 0];
  const code = { hash: hash("sha256", text, "base64url"), refs: [] };
  return {
    lineStarts: [0],
    syntaxErrors: [],
    specifiers: {},
    imports: {},
    exports: { default: { kind: "local", name: "default", at } },
    stars: [],
    values: { default: { at, doc: "", value: { kind: "other", what: "a data file", code, at }, path: [], code } },
    types: {},
    calls: {},
    uses: {},
  };
}
