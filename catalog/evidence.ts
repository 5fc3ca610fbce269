/** Where a row of the catalog comes from, so that a reader can check it and knows how old it is. */
export interface Evidence {
  /** Document, repository and path, or measurement. */
  readonly source: string;
  /** Day or month the source was read, `YYYY-MM-DD` or `YYYY-MM`. */
  readonly date: string;
}
