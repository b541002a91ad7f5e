import { source } from "@watersmeet/core";
import { z } from "zod";

export const Order = z.object({
  id: z.int(),
  customer: z.int(),
  status: z.enum(["open", "paid", "returned"]),
  amount: z.number().min(0),
});

/** Every order of the shop. A real project would call the shop's API here. */
export const orders = source({ schema: Order, resource: "shop", key: ["id"] }, async () => [
  { id: 1, customer: 1, status: "paid", amount: 40 },
  { id: 2, customer: 2, status: "paid", amount: 25.5 },
  { id: 3, customer: 1, status: "open", amount: 12 },
  { id: 4, customer: 3, status: "returned", amount: 80 },
  { id: 5, customer: 3, status: "paid", amount: 120.25 },
]);

export const Customer = z.object({ id: z.int(), name: z.string(), country: z.string().length(2) });

/** Every customer of the shop. */
export const customers = source({ schema: Customer, resource: "shop", key: ["id"] }, async () => [
  { id: 1, name: "Ana", country: "PT" },
  { id: 2, name: "Bert", country: "NL" },
  { id: 3, name: "Chiara", country: "PT" },
]);
