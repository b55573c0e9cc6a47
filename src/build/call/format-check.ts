import type { CheckError, CheckReport } from '../check/check-dockerfile.ts';
import type { Finding } from '../check/finding.ts';
import { formatExcerpt } from '../parse/location.ts';
import { base64, goJson, jsonLocation } from './source-json.ts';

/** The Dockerfile that a report is about. */
export interface CheckedSource {
  readonly text: string;
  /** As it is shown: relative to where the user is. */
  readonly fileName: string;
}

/** What `docker build --check` prints: the warnings by line, each with the lines that it means. '' when an error is all there is. */
export function formatCheck({ findings, error }: CheckReport, source: CheckedSource): string {
  if (findings.length === 0) return error === undefined ? 'Check complete, no warnings found.\n' : '';
  const count = findings.length === 1 ? '1 warning has been found!' : `${findings.length} warnings have been found!`;
  const byLine = findings.toSorted((left, right) => left.location.start - right.location.start);
  const warnings = byLine.map((finding) => formatFinding(finding, source)).join('');
  return `Check complete, ${count}\n${warnings}${error === undefined ? '' : '\n'}`;
}

function formatFinding({ rule, url, detail, location }: Finding, { text, fileName }: CheckedSource): string {
  return `\nWARNING: ${rule} - ${url}\n${detail}\n${formatExcerpt(text, fileName, location)}`;
}

/** What is printed of the error, last. */
export function formatCheckError({ message, location }: CheckError, { text, fileName }: CheckedSource): string {
  return `${message}\n${location === undefined ? '' : formatExcerpt(text, fileName, location)}`;
}

/** The answer in JSON (frontend/subrequests/lint). */
export function formatCheckJson({ findings, error }: CheckReport, { text, fileName }: CheckedSource): string {
  const warnings = findings.map(({ rule, description, url, detail, location }) => ({
    ruleName: rule,
    description,
    url,
    detail,
    location: jsonLocation(location),
  }));
  return goJson({
    // Go's empty list
    warnings: warnings.length > 0 ? warnings : null,
    sources: [{ filename: fileName, data: base64(text), language: 'Dockerfile' }],
    ...(error === undefined
      ? {}
      : {
          buildError: {
            message: error.message,
            location: error.location === undefined ? {} : jsonLocation(error.location),
          },
        }),
  });
}
