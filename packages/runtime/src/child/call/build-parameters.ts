import type { Ctx } from "@watersmeet/core";
import { unreachable } from "@watersmeet/core/errors";
import type { Argument } from "../protocol.ts";
import { createQueryBuilder, Relation } from "../query/relation.ts";
import { InputRows } from "./input-rows.ts";
import { placeArguments } from "./place-arguments.ts";

/** The parameters of an asset's function. */
export function buildParameters(given: readonly Argument[], ctx: Ctx): unknown[] {
  return placeArguments(given.map((argument) => [argument.position, valueOf(argument, ctx)]));
}

function valueOf(argument: Argument, ctx: Ctx): unknown {
  switch (argument.kind) {
    case "ctx":
      return ctx;
    case "db":
      return createQueryBuilder();
    case "absent":
      return undefined;
    case "rows":
      return new InputRows(argument.name, argument.file, ctx.signal);
    case "relation":
      return new Relation(argument.name, argument.table, argument.columns);
    default:
      return unreachable(argument);
  }
}
