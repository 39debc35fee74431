const BOOLEANS = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

/** What Go takes a text for; undefined if it is neither true nor false. */
export const parseGoBoolean = (text: string): boolean | undefined => BOOLEANS.get(text);
