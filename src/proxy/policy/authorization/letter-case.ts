/** How letters are compared. A DENY must not be got around by writing `/ADMIN`, where the program does not care. */
export type LetterCase = 'exact' | 'ignored';
