import { eager, query, type Db, type In } from "@watersmeet/core";
import { z } from "zod";
import type * as shop from "./shop.ts";

export const Revenue = z.object({ country: z.string(), paidOrders: z.int(), amount: z.number() });

/** What each country's customers have paid. The two inputs are the two parameters' types; nothing else says so. */
export const revenue = query(
  { schema: Revenue, key: ["country"], automation: eager() },
  (orders: In<typeof shop.orders>, customers: In<typeof shop.customers>, db: Db) =>
    db
      .selectFrom(orders.as("o"))
      .innerJoin(customers.as("c"), "c.id", "o.customer")
      .where("o.status", "=", "paid")
      .groupBy("c.country")
      .select((e) => [
        "c.country",
        e.fn.countAll<number>().as("paidOrders"),
        e.fn.sum<number>("o.amount").as("amount"),
      ]),
);
