export { analyzerVersion } from "./analyzer-version.ts";
export type { PackageVersion } from "./link/code-version.ts";
export { analyzeProject, openAnalyzer, type Analysis, type AnalyzeOptions, type Analyzer } from "./open-analyzer.ts";
export { hashSources } from "./sources/hash-sources.ts";
