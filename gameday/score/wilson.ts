/**
 * Wilson's score interval of a share: where the true share lies, with the confidence that `z` stands for (1.96: 95 %).
 * `of` = 0: from 0 to 1. Source: Wilson 1927, J. Am. Stat. Assoc. 22.
 */
export function wilson(hits: number, of: number, z = 1.96): { readonly from: number; readonly to: number } {
  if (of === 0) return { from: 0, to: 1 };
  const share = hits / of;
  const middle = share + (z * z) / (2 * of);
  const half = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const scale = 1 + (z * z) / of;
  return { from: Math.max(0, (middle - half) / scale), to: Math.min(1, (middle + half) / scale) };
}
