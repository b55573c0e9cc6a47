/** Order of names as people count: `net2` before `net10` (sortorder.NaturalLess of the client). For sort(). */
export function compareNatural(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.match(/\d+|\D/g) ?? []);
  for (const [at, part] of (left ?? []).entries()) {
    const other = right?.[at];
    if (other === undefined) return 1;
    if (part === other) continue;
    if (!/^\d/.test(part) || !/^\d/.test(other)) return part < other ? -1 : 1;
    const [first, second] = [part, other].map((digits) => digits.replace(/^0+(?=\d)/, ''));
    if (first !== second && first !== undefined && second !== undefined)
      return first.length - second.length || (first < second ? -1 : 1);
    return part.length - other.length;
  }
  return (left?.length ?? 0) - (right?.length ?? 0);
}
