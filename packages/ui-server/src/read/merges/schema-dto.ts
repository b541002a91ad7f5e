import type { EpochField } from "@watersmeet/core/merge";
import type { Json } from "@watersmeet/core/values";
import type { SchemaEpoch, SchemaReplay, SchemaVerdict } from "@watersmeet/runtime";
import { toJsonRow } from "../row-json.ts";

export interface FieldDto {
  /** Stays when the column is renamed. */
  readonly id: string;
  readonly name: string;
  /** `text`, `decimal(12, 2)`. */
  readonly type: string;
  readonly isNullable: boolean;
  readonly isKey: boolean;
  readonly unit: string | null;
}

/** One form of a merge's schema. */
export interface EpochDto {
  readonly number: number;
  readonly hash: string;
  readonly fields: readonly FieldDto[];
  readonly registeredAt: string;
  /** Batches written in it that are still kept. */
  readonly batchCount: number;
  readonly note: string | null;
  readonly isPresent: boolean;
}

/** What changed since one form. */
export interface SchemaComparisonDto {
  /** Number of its epoch. */
  readonly from: number;
  /** An upcaster leads on from it. */
  readonly isBridged: boolean;
  readonly changes: readonly {
    readonly field: string;
    readonly kind: string;
    readonly isCompatible: boolean;
    readonly text: string;
    /** Assets that read the merge, first those that name the column, with the place; `null`: it takes whole rows. */
    readonly consumers: readonly { readonly asset: string; readonly namedAt: string | null }[];
  }[];
}

/** The present form of a merge against each form that still has batches. */
export interface SchemaVerdictDto {
  readonly asset: string;
  readonly isCompatible: boolean;
  /** What is wrong with the declared forms themselves. */
  readonly broken: readonly { readonly message: string; readonly hint: string | null }[];
  readonly present: readonly FieldDto[];
  readonly comparisons: readonly SchemaComparisonDto[];
  /** What became of real batches; empty unless asked for. */
  readonly replay: readonly SchemaReplay[];
  /** What the keys of those batches come to, made anew, against what readers see; by partition, empty unless asked for. */
  readonly differences: readonly SchemaDifferenceDto[];
}

type JsonRows = readonly Readonly<Record<string, Json>>[];

export interface SchemaDifferenceDto {
  readonly partition: string;
  readonly version: number;
  readonly comparedKeys: number;
  readonly differentKeys: number;
  readonly samples: readonly { readonly key: string; readonly before: JsonRows; readonly after: JsonRows }[];
  /** Why the merge could not be made anew; `null`: it could. */
  readonly failure: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

export interface SchemaCheckDto {
  readonly isCompatible: boolean;
  readonly items: readonly SchemaVerdictDto[];
}

export function toEpochDto(epoch: SchemaEpoch): EpochDto {
  const { number, hash, fields, registeredAt, batches, note, isPresent } = epoch;
  return { number, hash, fields: fields.map(toFieldDto), registeredAt, batchCount: batches, note, isPresent };
}

export function toSchemaCheckDto(verdicts: readonly SchemaVerdict[]): SchemaCheckDto {
  const items = verdicts.map(
    ({ asset, isCompatible, broken = [], present, comparisons, replay = [], differences = [] }) => ({
      asset,
      isCompatible: isCompatible && replay.every(({ rejectedCount }) => rejectedCount === 0),
      broken,
      present: present.map(toFieldDto),
      comparisons,
      replay,
      differences: differences.map(({ samples, ...rest }) => ({
        ...rest,
        samples: samples.map(({ key, before, after }) => ({
          key,
          before: before.map(toJsonRow),
          after: after.map(toJsonRow),
        })),
      })),
    }),
  );
  return { isCompatible: items.every(({ isCompatible }) => isCompatible), items };
}

function toFieldDto({ type, ...rest }: EpochField): FieldDto {
  return { ...rest, type: renderType(type) };
}

function renderType(type: EpochField["type"]): string {
  if (type.kind === "decimal") return `decimal(${type.precision}, ${type.scale})`;
  if (type.kind === "text" && type.values !== undefined) return `text: ${type.values.join(" | ")}`;
  return type.kind;
}
