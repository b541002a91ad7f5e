/** Words that say what a place is, not where: registries and strike reports use them differently. */
const genericWords = new Set(
  "AIRPORT ARPT AIR FORCE BASE AFB INTL INTERNATIONAL REGIONAL REGL RGNL MUNICIPAL MUNI COUNTY CO FIELD FLD GREATER THE METROPOLITAN METRO MEMORIAL MEM".split(
    " ",
  ),
);

/**
 * A name for the place of an airport that two lists agree on: its distinctive words in alphabetical order, and the state.
 * `("DALLAS/FORT WORTH INTL ARPT", "TX")` and `("Dallas-Fort Worth International", "TX")` both give `DALLAS FORT WORTH, TX`.
 */
export function placeOf(airportName: string, state: string): string {
  const words = airportName
    .toUpperCase()
    .replace(/\([A-Z]+\)/g, " ")
    .replaceAll("'", "")
    .split(/[^A-Z0-9]+/)
    .filter((word) => word !== "" && !genericWords.has(word));
  return `${[...new Set(words)].sort().join(" ")}, ${state}`;
}

/** USPS abbreviations of the states, as strike reports spell the states out. Source: USPS Publication 28, appendix B. */
export const stateCodes: Readonly<Record<string, string>> = {
  Alabama: "AL",
  Alaska: "AK",
  Arizona: "AZ",
  Arkansas: "AR",
  California: "CA",
  Colorado: "CO",
  Connecticut: "CT",
  DC: "DC",
  Delaware: "DE",
  Florida: "FL",
  Georgia: "GA",
  Hawaii: "HI",
  Idaho: "ID",
  Illinois: "IL",
  Indiana: "IN",
  Iowa: "IA",
  Kansas: "KS",
  Kentucky: "KY",
  Louisiana: "LA",
  Maine: "ME",
  Maryland: "MD",
  Massachusetts: "MA",
  Michigan: "MI",
  Minnesota: "MN",
  Mississippi: "MS",
  Missouri: "MO",
  Montana: "MT",
  Nebraska: "NE",
  Nevada: "NV",
  "New Hampshire": "NH",
  "New Jersey": "NJ",
  "New Mexico": "NM",
  "New York": "NY",
  "North Carolina": "NC",
  "North Dakota": "ND",
  Ohio: "OH",
  Oklahoma: "OK",
  Oregon: "OR",
  Pennsylvania: "PA",
  "Puerto Rico": "PR",
  "Rhode Island": "RI",
  "South Carolina": "SC",
  "South Dakota": "SD",
  Tennessee: "TN",
  Texas: "TX",
  Utah: "UT",
  Vermont: "VT",
  "Virgin Islands": "VI",
  Virginia: "VA",
  Washington: "WA",
  "West Virginia": "WV",
  Wisconsin: "WI",
  Wyoming: "WY",
};
