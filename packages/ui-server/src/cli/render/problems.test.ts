import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { renderProblems } from "./problems.ts";
import { plainStyle } from "./style.ts";

const root = fileURLToPath(new URL("../../../test/fixtures/shop/", import.meta.url));

test("every problem is shown with the lines that it is about", async () => {
  const problems = [
    {
      code: "ANALYZE_UNKNOWN_NAME",
      message: 'there is no "shop.ordrs": assets/shop.ts does not export it',
      hint: "Did you mean `orders`?",
      at: { file: "assets/reports.ts", line: 11, column: 12, endColumn: 35 },
    },
    { code: "GRAPH_CYCLE", message: "a → b → a" },
    { code: "GRAPH_CYCLE", message: "its file has gone", at: { file: "assets/gone.ts", line: 1, column: 1 } },
  ] as const;
  await expect(renderProblems(problems, root, plainStyle)).toMatchFileSnapshot("golden/problems.txt");
});
