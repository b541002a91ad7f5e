import { sql, type RawBuilder } from "kysely";
import { restartShare } from "./controller.ts";

/** Where a limit that adapts begins. */
export const firstAutoLimit = 4;

/** Condition on a row of `resource_override`: it holds now. */
export const overrideHolds: RawBuilder<boolean> = sql`(ended_at is null and (until is null or until > clock_timestamp()))`;

/** Of a row of `resource`: when its breaker, which was open, has closed last; null: never. One that was held open until a time has closed then. */
export const closedAt: RawBuilder<Date | null> = sql`(
  select case when breaker.state = 'forcedOpen' and breaker.retry_at <= clock_timestamp() then breaker.retry_at else breaker.closed_at end
  from watersmeet.breaker where breaker.resource = resource.name)`;

/** Of a row of `resource`: whether its controller has yet to hear that the breaker has closed. */
export const hasClosed: RawBuilder<boolean> = sql`coalesce(${closedAt} > coalesce(resource.restarted_at, '-infinity'), false)`;

/**
 * The limit that counts of a row of `resource`; null: none. What a person has set goes before what the controller found, and that before what is
 * configured.
 */
export const limitNow: RawBuilder<number | null> = sql`coalesce(
  (select given.concurrency from watersmeet.resource_override as given
    where given.resource = resource.name and ${overrideHolds} order by given.id desc limit 1),
  case when is_auto then greatest(resource.least, floor(
    coalesce(auto_limit, least(${firstAutoLimit}, resource.concurrency)) * case when ${hasClosed} then ${restartShare}::float8 else 1 end)::integer) else resource.concurrency end)`;
