import {
  asset,
  assets,
  daily,
  merge,
  query,
  source,
  type All,
  type Ctx,
  type Db,
  type In,
  type Last,
  type Latest,
  type Offset,
  type Same,
  type Self,
} from "@watersmeet/core";
/** Uses of the language that must compile: `docs/reference/asset-language.md`. Compiled by `language-types.test.ts`, never run. */
import { z } from "zod";

const Order = z.object({
  id: z.number(),
  customer_id: z.number(),
  amount: z.number(),
  status: z.enum(["paid", "open"]),
});
const Customer = z.object({ id: z.number(), name: z.string() });
const Enriched = z.object({ id: z.number(), name: z.string(), amount: z.number() });

export const orders = source({ schema: Order, resource: "shop", key: ["id"], timeout: "15m" }, async (ctx: Ctx) => {
  ctx.log.info("reading", { partition: ctx.partition });
  return [{ id: 1, customer_id: 2, amount: 3, status: "paid" }];
});
export const customers = source({ schema: Customer, resource: "crm" }, async function* (_ctx: Ctx) {
  yield { id: 1, name: "Ana" };
});
export const enriched = query({ schema: Enriched }, (o: In<typeof orders>, c: In<typeof customers, Last<7>>, db: Db) =>
  db
    .selectFrom(o.as("o"))
    .innerJoin(c.as("c"), "c.id", "o.customer_id")
    .select(["o.id", "c.name", "o.amount"])
    .where("o.status", "=", "paid"),
);
export const paid = asset({ schema: Order, partitions: daily("2001-01-01") }, async function* (o: In<typeof orders>) {
  for await (const row of o) if (row.status === "paid") yield row;
});
export const literal = asset({ schema: Order }, () => [{ id: 1, customer_id: 1, amount: 1, status: "open" }]);
export const mapped = asset(
  { schema: Customer },
  async (
    a: In<typeof orders, All>,
    b: In<typeof orders, Latest>,
    c: In<typeof orders, Offset<-1>>,
    d: In<typeof orders, Same>,
    me: Self<typeof Customer>,
  ) => {
    const first = await me.first();
    const rows = [...(await a.all()), ...(await b.all()), ...(await c.all()), ...(await d.all())];
    return rows.map((row) => ({ id: row.id, name: first?.name ?? "" }));
  },
);
export const regions = assets(["eu", "us"], (key) =>
  source({ schema: Customer, resource: key }, () => [{ id: 1, name: key }]),
);
export const both = asset({ schema: Customer }, async (eu: In<typeof regions.eu>, us: In<(typeof regions)["us"]>) => [
  ...(await eu.all()),
  ...(await us.all()),
]);
export const grouped = query(
  { schema: z.object({ name: z.string(), total: z.number().nullable() }) },
  (o: In<typeof orders>, c: In<typeof customers>, db: Db) =>
    db
      .selectFrom(c.as("c"))
      .leftJoin(o.as("o"), "o.customer_id", "c.id")
      .groupBy("c.name")
      .select((e) => ["c.name", e.fn.sum<number | null>("o.amount").as("total")]),
);

const Dated = z.object({ iata: z.string(), name: z.string(), lat: z.number().nullable(), updatedAt: z.iso.datetime() });
const Airport = z.object({ iata: z.string(), name: z.string(), lat: z.number().nullable() });
export const faa = source({ schema: Dated, resource: "faa" }, () => []);
export const openFlights = source(
  { schema: z.object({ code: z.string(), title: z.string(), at: z.iso.datetime() }), resource: "openflights" },
  () => [],
);
export const airports = merge(
  {
    schema: Airport,
    key: ["iata"],
    policy: "recencyFirst",
    columns: { name: "priorityFirst" },
    trust: { open: 2, faa: 1 },
    eventTime: "updatedAt",
    late: { grace: "2h", beyond: "hold" },
  },
  (faa_: In<typeof faa>, o: In<typeof openFlights>, db: Db) => ({
    faa: faa_,
    open: db.selectFrom(o.as("o")).select(["o.code as iata", "o.title as name", "o.at as updatedAt"]),
  }),
);
export const nightly = asset({ schema: Airport }, async (a: In<typeof airports>) =>
  (await a.all()).map((row) => ({ ...row, name: row.name.trim() })),
);
