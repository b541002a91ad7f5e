import { sql, type RawBuilder } from "kysely";

/** Where a limit that adapts begins. */
export const firstAutoLimit = 4;

/** Condition on a row of `resource_override`: it holds now. */
export const overrideHolds: RawBuilder<boolean> = sql`(ended_at is null and (until is null or until > clock_timestamp()))`;

/**
 * The limit that counts of a row of `resource`; null: none. What a person has set goes before what the controller found, and that before what is
 * configured.
 */
export const limitNow: RawBuilder<number | null> = sql`coalesce(
  (select given.concurrency from watersmeet.resource_override as given
    where given.resource = resource.name and ${overrideHolds} order by given.id desc limit 1),
  case when is_auto then greatest(resource.least, floor(coalesce(auto_limit, least(${firstAutoLimit}, resource.concurrency)))::integer) else resource.concurrency end)`;
