import type { Span } from "../../facts/file-facts.ts";
import type { CallExpr, Place } from "../heads.ts";

/** A call of `schedule` or `sensor` that a top-level name receives. */
export interface DeclaredTrigger {
  readonly maker: string;
  readonly call: CallExpr;
  readonly place: Place;
  readonly file: string;
  /** The name that receives it. */
  readonly local: string;
  readonly exported: string;
  readonly at: Span;
}
