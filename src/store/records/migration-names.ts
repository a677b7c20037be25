/** The schema changes of the records that this version knows, in order. */
export const MIGRATION_NAMES = [
  '0001-tables',
  '0002-users',
  '0003-audit',
  '0004-row-sums',
  '0005-error-patterns',
  '0006-incidents',
  '0007-services',
  '0008-changes',
  '0009-calendar',
  '0010-objectives',
  '0012-notification',
  '0013-removed-services',
] as const;

export type MigrationName = (typeof MIGRATION_NAMES)[number];

const NAME = /^(\d{4})-(.+)$/;

/**
 * What a file says of its schema changes, beside what is known here. A name is one of a newer version when its number comes
 * after all of ours; with a number or words of ours it is one of ours whose bits were turned.
 */
export function judgeMigrationNames(names: readonly string[]): {
  readonly newer: string | null;
  readonly damaged: readonly { readonly found: string; readonly meant: MigrationName }[];
} {
  const missing = MIGRATION_NAMES.filter((name) => !names.includes(name));
  let newer: string | null = null;
  const damaged: { found: string; meant: MigrationName }[] = [];
  for (const name of names) {
    if ((MIGRATION_NAMES as readonly string[]).includes(name)) continue;
    const meant = missing.find((one) => isAlike(name, one));
    if (meant === undefined) newer ??= name;
    else damaged.push({ found: name, meant });
  }
  return { newer, damaged };
}

function isAlike(found: string, known: string): boolean {
  const [, number, words] = NAME.exec(known) ?? [];
  return (
    found.startsWith(`${number}-`) ||
    (words !== undefined && found.endsWith(words)) ||
    (found.length === known.length && distance(found, known) <= 3)
  );
}

/** Places in which two texts of one length differ. */
function distance(a: string, b: string): number {
  let places = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) places++;
  return places;
}
