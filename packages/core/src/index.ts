export type { Definition, ExecutionOptions } from "./dsl/definition.ts";
