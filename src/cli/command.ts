/** The shape of every `towpath` sub-command. `main.ts` holds the table and is the only place that exits. */

export interface CommandIo {
  /** Writes to standard output. */
  readonly out: (text: string) => void;
  /** Writes to standard error: progress and problems, never data. */
  readonly err: (text: string) => void;
  /** Colours only when standard output is a terminal and NO_COLOR is unset. */
  readonly colour: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Command {
  /** First word after `towpath`, such as `intercept`. */
  readonly name: string;
  /** One line for `towpath --help`. */
  readonly summary: string;
  /** Full text of `towpath <name> --help`: usage, options with defaults, examples. */
  readonly help: string;
  /** Texts of `towpath <name> <verb> --help`, of verbs that have one of their own. */
  readonly verbs?: Readonly<Record<string, string>>;
  /** Words offered by shell completion: sub-verbs and options. */
  readonly completions: readonly string[];
  /** Its words may be KIND NAME or options with live values: the shell asks `towpath completion words` too. */
  readonly completesLive?: true;
  /** Returns the exit status: 0 success, 1 the thing asked failed, 2 wrong usage. Throws UserError for a worded failure. */
  run(args: readonly string[], io: CommandIo): Promise<number>;
}
