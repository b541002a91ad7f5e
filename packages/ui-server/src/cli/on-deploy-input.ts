import { z } from "zod";

/** `pin`, `upgrade` or `abort`, as `--on-deploy` takes it. */
export const onDeployInput = z.enum(["pin", "upgrade", "abort"], { error: "is pin, upgrade or abort" });

export const onDeployOption = {
  flags: "--on-deploy <policy>",
  description: "of steps not begun when other code is deployed: pin (default), upgrade, abort",
};
