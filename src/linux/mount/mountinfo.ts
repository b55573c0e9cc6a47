/** Mount points at or below `folder` in the text of /proc/self/mountinfo (proc(5)), deepest (latest) first. */
export function mountPointsBelow(mountinfo: string, folder: string): readonly string[] {
  const points = mountinfo.split('\n').flatMap((line) => {
    const point = line.split(' ')[4];
    return point === undefined ? [] : [unescape(point)];
  });
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`)).toReversed();
}

/** The mount that `path` is on, from the text of /proc/self/mountinfo: of those on one mount point the last one is on top. */
export function sharingOf(
  mountinfo: string,
  path: string,
): { readonly point: string; readonly shared: boolean; readonly slave: boolean } {
  let found = { point: '/', shared: false, slave: false };
  for (const line of mountinfo.split('\n')) {
    const [, , , , point = '', , ...fields] = line.split(' ');
    const at = unescape(point);
    const holds = at === '/' || path === at || path.startsWith(`${at}/`);
    if (at === '' || !holds || at.length < found.point.length) continue;
    const optional = fields.slice(0, fields.indexOf('-'));
    const has = (word: string): boolean => optional.some((field) => field.startsWith(word));
    found = { point: at, shared: has('shared:'), slave: has('master:') };
  }
  return found;
}

/** Spaces, tabs, newlines and backslashes stand as octal escapes there. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
