// What a preview reads from the sheet.

export interface Source {
  get(cell: string): number;
  text(cell: string): string;
  list(cell: string): readonly number[];
  array(name: string): Float64Array;
  /** Each row sets the cells of `rows` to its values in the array facts named; then `cells` are read. */
  rows(cells: string[], rows: Record<string, string>): Float64Array[];
}

/** The cells read for each run; columns without runs while the array facts are missing or of different
 *  lengths. */
export function readRuns(
  source: Source,
  cells: string[],
  rows: Record<string, string>,
): Float64Array[] {
  const lengths = new Set(Object.values(rows).map((fact) => source.array(fact).length));
  return lengths.size === 1 ? source.rows(cells, rows) : cells.map(() => new Float64Array(0));
}
