import { expect, test } from 'bun:test';
import recorded from '../../../test/fixtures/cli/image-tree.golden.json';
import images from '../../../test/fixtures/cli/image-tree.images.json';
import type { ImageSummary } from '../../api/types/image.ts';
import { formatImageTree } from './image-tree.ts';

test.each(recorded.map((one) => [one.columns, one] as const))(
  'images --tree looks as docker 28.2 prints it on %d columns',
  (_columns, { terminal, columns, out }) => {
    expect(formatImageTree(images as unknown as ImageSummary[], { terminal, columns })).toBe(out);
  },
);
