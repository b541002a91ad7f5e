import type { FailureCause } from "./failure-cause.ts";

/** DuckDB has no codes; the start of an error's text is its class. Source: `exception.cpp`, `Exception::ExceptionTypeToString`. */
export const duckdbErrors: Readonly<Record<string, FailureCause>> = {
  "Autoload Error": "unavailable",
  "Binder Error": "defect",
  "Catalog Error": "defect",
  "Connection Error": "unreachable",
  "Constraint Error": "invalid",
  "Conversion Error": "invalid",
  "Decimal Error": "invalid",
  "Dependency Error": "conflict",
  "Divide by Zero Error": "invalid",
  "Executor Error": "unknown",
  "Expression Error": "invalid",
  "Extension Autoloading Error": "unavailable",
  "FATAL Error": "starved",
  "HTTP Error": "unavailable",
  "IO Error": "starved",
  "INTERNAL Error": "defect",
  "INTERRUPT Error": "cancelled",
  "Index Error": "invalid",
  "Invalid Configuration Error": "defect",
  "Invalid Error": "unknown",
  "Invalid Input Error": "invalid",
  "Invalid type Error": "invalid",
  "Mismatch Type Error": "invalid",
  "Missing Extension Error": "refused",
  "Network Error": "unreachable",
  "Not implemented Error": "defect",
  "NullPointer Error": "defect",
  "Object Size Error": "invalid",
  "Optimizer Error": "defect",
  "Out of Memory Error": "starved",
  "Out of Range Error": "invalid",
  "Parameter Not Allowed Error": "defect",
  "Parameter Not Resolved Error": "defect",
  "Parser Error": "defect",
  "Permission Error": "refused",
  "Planner Error": "defect",
  "Scheduler Error": "unknown",
  "Secret Error": "refused",
  "Sequence Error": "invalid",
  "Serialization Error": "conflict",
  "Settings Error": "defect",
  "Stat Error": "unknown",
  "Syntax Error": "defect",
  "TransactionContext Error": "conflict",
  "Unknown Error": "unknown",
  "Unknown Type Error": "defect",
};

/** The cause of a text that begins as DuckDB's errors do; undefined when it does not. An answer of HTTP in it says more than the class. */
export function causeOfDuckdbText(
  text: string,
  causeOfStatus: (status: number) => FailureCause | undefined,
): FailureCause | undefined {
  const name = /^([A-Za-z]+(?: [A-Za-z]+){0,3} Error): /.exec(text)?.[1];
  if (name === undefined || !Object.hasOwn(duckdbErrors, name)) return undefined;
  const status = name === "HTTP Error" ? /\bHTTP (?:code )?(\d{3})\b/.exec(text)?.[1] : undefined;
  return (status === undefined ? undefined : causeOfStatus(Number(status))) ?? duckdbErrors[name];
}
