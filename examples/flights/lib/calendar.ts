import { daily, monthly } from "@watersmeet/core";

/** The days that the flight data covers; the last flight of all left at midnight of July 1st. */
export const flightDays = daily("2001-01-01", "2001-07-02");

/** The months that the strike reports cover. */
export const strikeMonths = monthly("1990-01", "2003-01");
