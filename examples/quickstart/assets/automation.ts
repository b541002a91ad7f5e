import { schedule } from "@watersmeet/core";

/** Asks the shop again every hour. What has changed since flows on by itself: `revenue` is eager. */
export const hourly = schedule({ cron: "@hourly", select: "orders customers" });
