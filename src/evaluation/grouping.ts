/**
 * Grouping accuracy of log parsing (Zhu et al. 2019): the share of lines whose group holds exactly the lines of their
 * true group. Hard: one line too many makes a group's lines all wrong. NaN of nothing. O(n).
 */
export function groupingAccuracy(groups: readonly (number | string)[], truth: readonly (number | string)[]): number {
  const found = new Map<number | string, { readonly truth: number | string; size: number; mixed: boolean }>();
  const sizes = new Map<number | string, number>();
  for (let i = 0; i < groups.length; i++) {
    sizes.set(truth[i], (sizes.get(truth[i]) ?? 0) + 1);
    const group = found.get(groups[i]);
    if (group === undefined) found.set(groups[i], { truth: truth[i], size: 1, mixed: false });
    else {
      group.size++;
      if (group.truth !== truth[i]) group.mixed = true;
    }
  }
  let right = 0;
  for (const group of found.values()) if (!group.mixed && group.size === sizes.get(group.truth)) right += group.size;
  return groups.length > 0 ? right / groups.length : Number.NaN;
}
