/** Mount points at or below `folder` in the text of /proc/self/mountinfo (proc(5)), deepest (latest) first. */
export function mountPointsBelow(mountinfo: string, folder: string): readonly string[] {
  const points = mountinfo.split('\n').flatMap((line) => {
    const point = line.split(' ')[4];
    return point === undefined ? [] : [unescape(point)];
  });
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`)).toReversed();
}

/** Spaces, tabs, newlines and backslashes stand as octal escapes there. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
