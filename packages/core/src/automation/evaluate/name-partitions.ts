import type { OrdinalRange } from "../../values/ordinal-ranges.ts";
import type { PartitionSpace } from "../../values/partitions/partition-space.ts";

/** A set of partitions as a partition expression, which means the same whenever it is read; `null`: the asset is not partitioned. The set is not empty. */
export function namePartitions(space: PartitionSpace, ranges: readonly OrdinalRange[]): string | null {
  const [first, second] = space.dimensions;
  if (first === undefined) return null;
  if (second === undefined) return ranges.map((range) => nameRange(space, range)).join(",");
  return ranges
    .flatMap((range) => listRows(range, second.size))
    .map(({ rows, columns }) => `${nameRange(first, rows)}|${nameRange(second, columns)}`)
    .join(",");
}

function nameRange(space: PartitionSpace, [from, to]: OrdinalRange): string {
  return to - from === 1 ? space.keyAt(from) : `${space.keyAt(from)}..${space.keyAt(to - 1)}`;
}

interface Rectangle {
  readonly rows: OrdinalRange;
  readonly columns: OrdinalRange;
}

/** A range of a product: the rest of its first row, whole rows, the beginning of its last one. */
function listRows([from, to]: OrdinalRange, width: number): readonly Rectangle[] {
  const rectangles: Rectangle[] = [];
  for (let next = from; next < to;) {
    const row = Math.floor(next / width);
    const column = next % width;
    const whole = column === 0 ? Math.floor((to - next) / width) : 0;
    const end = whole > 0 ? width : Math.min(width, column + to - next);
    const rows: OrdinalRange = [row, row + Math.max(1, whole)];
    rectangles.push({ rows, columns: [column, end] });
    next = (rows[1] - 1) * width + end;
  }
  return rectangles;
}
