/** Programs that run others' code: what they run says more than their own name. `MainThread` is how Node names its own. */
const INTERPRETER =
  /^(node|nodejs|MainThread|node-MainThread|bun|deno|python[\d.]*|pypy[\d.]*|ruby[\d.]*|perl[\d.]*|php[\d.]*|java)$/;
const NAME_AT_MOST = 64;
/** The kernel cuts a command's name here. */
const COMM_LENGTH = 15;

/** Whether the command line tells more than the command's name: an interpreter, or a name that was cut. */
export function needsCommandLine(comm: string): boolean {
  return comm.length >= COMM_LENGTH || INTERPRETER.test(comm);
}

/** `kworker/0:1-events` → `[kworker]`: a kernel thread's name without its core and task. */
export function kernelGroup(comm: string): string {
  const end = comm.search(/[/:\d]/);
  return `[${end > 0 ? comm.slice(0, end).replace(/[-_]$/, '') : comm}]`;
}

/**
 * The name under which a process is counted. Only a program's and a script's base name leave the host, no argument:
 * command lines carry passwords.
 */
export function groupName(comm: string, commandLine: readonly string[]): string {
  const program = baseName(commandLine[0] ?? '');
  if (INTERPRETER.test(comm)) {
    const shown = INTERPRETER.test(program) ? program : comm.replace(/^(node-)?MainThread$/, 'node');
    const script = scriptOf(shown, commandLine);
    return clean(script === '' ? shown : `${shown} ${script}`);
  }
  return clean(comm.length >= COMM_LENGTH && program.startsWith(comm) ? program : comm);
}

const WITH_ARGUMENT = new Set(
  '-r --require --import --loader --experimental-loader --env-file --conditions -C --title -W -X -Q -cp -classpath --class-path -p --module-path -I -d -c'.split(
    ' ',
  ),
);

function scriptOf(program: string, line: readonly string[]): string {
  const isJava = program === 'java';
  for (let i = 1; i < line.length; i++) {
    const word = line[i] ?? '';
    if (word === '-jar' || word === '-m' || (isJava && word === '--module')) return baseName(line[i + 1] ?? '');
    if (!isJava && (word === '-e' || word === '-c' || word === '-p' || word === '--eval' || word === '-')) return '';
    if (WITH_ARGUMENT.has(word)) i++;
    else if (!word.startsWith('-') && word !== '') return baseName(word);
  }
  return '';
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Some programs write their state over their command line (`nginx: worker process`); control characters have no place in a label. */
function clean(name: string): string {
  let text = '';
  for (const c of name) text += c < ' ' || c === '\u007f' ? '?' : c;
  return text.length > NAME_AT_MOST ? text.slice(0, NAME_AT_MOST) : text;
}
