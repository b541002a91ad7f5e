/**
 * Names what the facts and hashes depend on besides the sources. Raise the first number when extraction or hashing changes; a test compares the
 * second with the installed parser, which is not loaded to learn it.
 */
export const analyzerVersion = "watersmeet-analyzer/2 ts-morph/28.0.0";
