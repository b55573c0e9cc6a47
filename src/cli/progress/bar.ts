import { humanSize } from '../format/size.ts';
import type { ProgressDetail } from './message.ts';

const CELLS = 50;
const WIDTH_OF_BAR = 110;
const WIDTH_OF_TIME = 50;

/**
 * `[=====>     ]  1.2MB/3.4MB`, for a terminal of `width` columns (moby pkg/jsonmessage JSONProgress.String). Empty while
 * nothing is known.
 */
export function formatBar(detail: ProgressDetail, width: number, nowMs: number): string {
  const { current = 0, total = 0, units = '' } = detail;
  if (current <= 0 && total <= 0) return '';
  if (total <= 0) return units === '' ? humanSize(current).padStart(8) : `${current} ${units}`;
  const filled = Math.min(CELLS, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const bar = width > WIDTH_OF_BAR ? `[${'='.repeat(filled)}>${' '.repeat(CELLS - filled)}] ` : '';
  return bar + formatCounts(detail) + formatTimeLeft(detail, filled, width, nowMs);
}

function formatCounts({ current = 0, total = 0, units = '', hidecounts = false }: ProgressDetail): string {
  if (hidecounts) return '';
  const wonky = current > total;
  if (units !== '') return wonky ? `${current} ${units}` : `${current}/${total} ${units}`;
  const done = humanSize(current).padStart(8);
  return wonky ? done : `${done}/${humanSize(total)}`;
}

function formatTimeLeft(detail: ProgressDetail, filled: number, width: number, nowMs: number): string {
  const { current = 0, total = 0, start = 0 } = detail;
  if (current <= 0 || start <= 0 || filled >= CELLS || width <= WIDTH_OF_TIME) return '';
  const perItem = (nowMs / 1000 - start) / current;
  return ` ${formatSeconds(Math.trunc((total - current) * perItem))}`;
}

/** `1h2m3s` */
function formatSeconds(seconds: number): string {
  const [hours, minutes, rest] = [Math.trunc(seconds / 3600), Math.trunc((seconds % 3600) / 60), seconds % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
