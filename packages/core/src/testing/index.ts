export { canonicalVectors, type CanonicalVector } from "./canonical-vectors.ts";
