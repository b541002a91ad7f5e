import pc from "picocolors";

/** How text for people is dressed: colours or none, and how wide it may be. */
export interface Style {
  readonly hasColor: boolean;
  readonly columns: number;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export function createStyle(options: { readonly hasColor: boolean; readonly columns: number }): Style {
  const { bold, dim, red, green, yellow, cyan } = pc.createColors(options.hasColor);
  return { ...options, bold, dim, red, green, yellow, cyan };
}

/** For files and tests: no colours, 100 columns. */
export const plainStyle: Style = createStyle({ hasColor: false, columns: 100 });
