import type { ImageManifestSummary, ImageSummary } from '../../api/types/image.ts';
import { shortId } from './ellipsis.ts';
import { humanSize } from './size.ts';

/** What is written to: a terminal gets colours. `columns`: 0 when unknown. */
export interface TreeTarget {
  readonly terminal: boolean;
  readonly columns: number;
}

interface Line {
  readonly id: string;
  readonly usage: string;
  readonly content: string;
  readonly inUse: boolean;
}

interface Branch extends Line {
  readonly platform: string;
  readonly available: boolean;
}

interface Tree extends Line {
  readonly names: readonly string[];
  readonly branches: readonly Branch[];
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  /** undefined: the names. */
  readonly text?: (line: Line) => string;
  readonly plain?: boolean;
}

type Paint = (text: string) => string;

const SPACE = '   ';
const NARROWEST_NAMES = 12;
const WARNING = "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.";

/** `docker images --tree`: each image with the platforms it names (docker/cli, cli/command/image/tree.go). */
export function formatImageTree(images: readonly ImageSummary[], { terminal, columns }: TreeTarget): string {
  const width = Math.max(columns || 80, 20);
  const trees = images.toSorted((a, b) => (b.Created ?? 0) - (a.Created ?? 0)).map(toTree);
  const shown = fitColumns(width, trees, terminal);
  const paint = paints(terminal);
  const head = shown.map((column) => cell(column, column.title.toUpperCase(), TITLE)).join(SPACE);
  const spaced = trees.some(({ branches }) => branches.length > 0);
  const body = trees.map((tree) => formatTree(tree, shown, spaced, paint, terminal ? columns : 0));
  return `${paint.warning(WARNING)}\n${legend(width, terminal)}\n\n${head}\n${body.join('')}`;
}

function toTree(image: ImageSummary): Tree {
  const { Id = '', RepoTags, Manifests, Size = 0, Containers = 0 } = image;
  const manifests = Manifests ?? [];
  const branches = manifests.filter(({ Kind }) => Kind === 'image').map(toBranch);
  const content = manifests.reduce((sum, manifest) => sum + (manifest.Size?.Content ?? 0), 0);
  return {
    id: shortId(Id),
    usage: humanSize(Size, 3),
    content: humanSize(content, 3),
    inUse: Containers > 0 || branches.some(({ inUse }) => inUse),
    // Only the last stands beside the columns.
    names: (RepoTags ?? []).toSorted((a, b) => b.length - a.length),
    branches,
  };
}

function toBranch({ ID = '', Available = false, Size, ImageData }: ImageManifestSummary): Branch {
  const { os, architecture, variant } = ImageData?.Platform ?? {};
  return {
    id: shortId(ID),
    usage: humanSize(Size?.Total ?? 0, 3),
    content: humanSize(Size?.Content ?? 0, 3),
    inUse: (ImageData?.Containers ?? []).length > 0,
    platform: [os || 'unknown', architecture, variant].filter(Boolean).join('/'),
    available: Available,
  };
}

/** The first column gets what is left, columns that leave it too little are left out. */
function fitColumns(width: number, trees: readonly Tree[], terminal: boolean): readonly Column[] {
  const all: readonly Column[] = [
    { title: 'ID', width: 12, align: 'left', text: ({ id }) => id },
    { title: 'Disk usage', width: 10, align: 'right', text: ({ usage }) => usage },
    { title: 'Content size', width: 12, align: 'right', text: ({ content }) => content },
    { title: 'Extra', width: 5, align: 'left', plain: true, text: extraText(trees, terminal) },
  ];
  let left = width;
  const kept: Column[] = [];
  for (const column of all) {
    const taken = column.width + SPACE.length;
    if (left - taken < NARROWEST_NAMES) break;
    left -= taken;
    kept.push(column);
  }
  return [{ title: 'Image', width: Math.min(left, widestName(trees)), align: 'left' }, ...kept];
}

function extraText(trees: readonly Tree[], terminal: boolean): (line: Line) => string {
  const used = trees.some(({ inUse }) => inUse);
  const blank = terminal ? '   ' : ' ';
  return ({ inUse }) => (used ? (inUse ? chip(terminal) : blank) : '');
}

/** In bytes, as the original counts. */
function widestName(trees: readonly Tree[]): number {
  const branch = Buffer.byteLength('└─ ');
  const widths = trees.flatMap(({ names, branches }) => [
    ...names.map((name) => Buffer.byteLength(name)),
    ...branches.map(({ platform }) => Buffer.byteLength(platform) + branch),
  ]);
  return Math.max('Image'.length, ...widths);
}

function formatTree(
  tree: Tree,
  columns: readonly Column[],
  spaced: boolean,
  paint: ReturnType<typeof paints>,
  fullWidth: number,
): string {
  const { names, branches } = tree;
  const [first] = columns;
  if (first === undefined) return '';
  const above = names.slice(0, -1).map((name) => `${paint.name(cut(name, fullWidth))}\n`);
  const name = names.at(-1);
  const top = name === undefined ? cell(first, '<untagged>', paint.faint) : cell(first, name, paint.name);
  const below = branches.map((branch, index) => {
    const own = branch.available ? paint.normal : paint.faint;
    const text = `${index === branches.length - 1 ? '└─' : '├─'} ${branch.platform}`;
    return `${cell(first, text, own)}${details(columns, branch, own)}\n`;
  });
  const gap = branches.length > 0 || spaced ? '\n' : '';
  return `${above.join('')}${top}${details(columns, tree, paint.normal)}${gap}${below.join('')}\n`;
}

function details(columns: readonly Column[], line: Line, paint: Paint): string {
  return columns
    .flatMap((column) => (column.text ? [SPACE + cell(column, column.text(line), column.plain ? same : paint)] : []))
    .join('');
}

function cell({ width, align }: Column, text: string, paint: Paint): string {
  const length = visibleWidth(text);
  if (length > width) return paint(cut(text, width));
  const fill = ' '.repeat(width - length);
  return align === 'right' ? fill + paint(text) : paint(text) + fill;
}

function cut(text: string, width: number): string {
  const letters = Array.from(text);
  return width <= 0 || letters.length <= width ? text : `${letters.slice(0, width - 1).join('')}…`;
}

function visibleWidth(text: string): number {
  return Array.from(Bun.stripANSI(text)).length;
}

function same(text: string): string {
  return text;
}

function coloured(codes: string): Paint {
  return (text) => `${codes}${text}\u001b[0m`;
}

/** Coloured in any case, as the original has it. */
const TITLE = coloured('\u001b[39m\u001b[1m');

function paints(terminal: boolean) {
  const on = (codes: string): Paint => (terminal ? coloured(codes) : same);
  return {
    warning: on('\u001b[93m'),
    name: on('\u001b[34m\u001b[1m'),
    normal: on('\u001b[39m'),
    faint: on('\u001b[39m\u001b[2m'),
  };
}

function chip(terminal: boolean): string {
  return terminal ? coloured('\u001b[38;5;0m\u001b[48;5;14m')(' U ') : 'U';
}

function legend(width: number, terminal: boolean): string {
  const info = '\u001b[1m\u001b[106m\u001b[30mi\u001b[0m\u001b[0m \u001b[96mInfo → \u001b[0m\u001b[0m';
  const text = `${terminal ? info : ' Info -> '} ${chip(terminal)} In Use `;
  return ' '.repeat(Math.max(width - visibleWidth(text), 0)) + text;
}
