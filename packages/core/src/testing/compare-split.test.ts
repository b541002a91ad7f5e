import { expect, test } from "vitest";
import { z } from "zod";
import { asset, source, type In } from "../index.ts";
import { compareSplit } from "./compare-split.ts";
import { fake } from "./fake.ts";

const Order = z.object({ user: z.int().nullable(), amount: z.bigint() });
const orders = source({ schema: Order, resource: "shop" }, () => []);
const names = source({ schema: z.object({ user: z.int() }), resource: "crm" }, () => []);
const Total = z.object({ user: z.int().nullable(), total: z.bigint() });

async function sumUp(o: In<typeof orders>): Promise<z.output<typeof Total>[]> {
  const byUser = Map.groupBy(await o.all(), ({ user }) => user);
  return [...byUser].map(([user, own]) => ({ user, total: own.reduce((sum, { amount }) => sum + amount, 0n) }));
}

const rows = [1, null, 2, 1, null, 3].map((user, index) => ({ user, amount: BigInt(index) }));
const none = { onlyWhole: [], onlySplit: [] };

test("a function that works value by value gives the same rows whatever the slices, rows without a value together", async () => {
  const totals = asset({ schema: Total, splittable: { by: "user" } }, sumUp);
  expect(await compareSplit(totals, [fake<typeof orders>(rows)])).toEqual(none);
  expect(await compareSplit(totals, [fake<typeof orders>([])])).toEqual(none);
});

test("a function that looks at all rows is found out, with the rows that differ", async () => {
  const all = asset({ schema: Total, splittable: { by: "user" } }, async (o: In<typeof orders>) => [
    { user: null, total: BigInt((await o.all()).length) },
  ]);
  const { onlyWhole, onlySplit } = await compareSplit(all, [fake<typeof orders>(rows)]);
  expect(onlyWhole).toEqual([{ user: null, total: 6n }]);
  expect(onlySplit.reduce((sum, { total }) => sum + total, 0n)).toBe(6n);
});

test("of several inputs the named one is sliced, the others are whole in every slice", async () => {
  const known = asset(
    { schema: Total, splittable: { by: "user", input: "o" } },
    async ({ n, o }: { n: In<typeof names>; o: In<typeof orders> }) => {
      const users = new Set((await n.all()).map(({ user }) => user));
      return (await sumUp(o)).filter(({ user }) => user === null || users.has(user));
    },
  );
  const [n, o] = [fake<typeof names>([{ user: 1 }, { user: 3 }]), fake<typeof orders>(rows)];
  expect(await compareSplit(known, [{ n, o }], o)).toEqual(none);
  expect((await compareSplit(known, [{ n, o }], n)).onlySplit).not.toEqual([]);
});
