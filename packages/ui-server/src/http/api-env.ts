import type { Watersmeet } from "@watersmeet/runtime";

/** What handlers find in `c.var`: set once per server, in front of every route. */
export interface ApiEnv {
  readonly Variables: {
    readonly watersmeet: Watersmeet;
    /** Ends when the server stops: open streams end with it. */
    readonly serverSignal: AbortSignal;
    /** Of watersmeet itself. */
    readonly version: string;
  };
}
