/** Class of the advisory locks (two-number form) by which workers show that they live; the object is the worker's id. */
export const livenessLockClass = 0x77_73_6d_77;

/** A worker is looked at when its last beat is older than this, and dead when its lock is free then: the grace lets it reconnect. */
export const beatGraceMs = 250;

export const beatEveryMs = 150;

/** A worker whose lock is held but that has not beaten for so long is on a host that is gone, or hangs. */
export const beatTtlMs = 15_000;
