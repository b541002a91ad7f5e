import { createRequire } from "node:module";
import type fastCheck from "fast-check";

/*
 * What tests get for `fast-check`: the same cases in each run, so that a change is judged by what it does and not by chance. FAST_CHECK_SEED gives others:
 * a number, or `random`. A case that is found becomes a test, or an example of its property.
 */
const { default: fc }: { readonly default: typeof fastCheck } = createRequire(import.meta.url)("fast-check");
const seed = process.env["FAST_CHECK_SEED"] ?? "1";
if (seed !== "random") fc.configureGlobal({ seed: Number(seed) });

export default fc;
