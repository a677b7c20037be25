/** SQLite's result code for a file that is not what it should be. */
export const SQLITE_CORRUPT = 11;
