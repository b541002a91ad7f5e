import { ts } from "ts-morph";

/** The `return` statements of a function's body, those of inner functions aside. */
export function listReturns(body: ts.Block): ts.ReturnStatement[] {
  const found: ts.ReturnStatement[] = [];
  const search = (node: ts.Node): void => {
    if (ts.isReturnStatement(node)) found.push(node);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, search);
  };
  search(body);
  return found;
}

/** Whether which of its results a function gives depends on what it runs through. */
export function hasSeveralReturns(body: ts.Node): boolean {
  return ts.isBlock(body) && listReturns(body).length > 1;
}
