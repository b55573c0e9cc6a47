/** `RUN --device=name[,required]` (reference.md, "RUN --device"). */
import { KnownError, messageOf } from '../../lib/errors.ts';
import { withSuggestion } from '../parse/suggest.ts';
import { parseCsvRecord } from './csv.ts';

export interface RunDevice {
  /** `vendor.com/class`, `vendor.com/class=name`, `vendor.com/class=*`. */
  readonly name: string;
  /** Without it a device that is missing is left out. */
  readonly required: boolean;
}

/** Errors: invalid_parameter. */
export function parseDevice(text: string): RunDevice {
  let device: RunDevice = { name: '', required: false };
  for (const field of fieldsOf(text)) {
    const at = field.indexOf('=');
    const key = (at === -1 ? field : field.slice(0, at)).toLowerCase();
    const value = at === -1 ? undefined : field.slice(at + 1);
    if (key === 'required') device = { ...device, required: value === undefined || parseBool(key, value) };
    else if (key === 'name' && value !== undefined) {
      if (device.name !== '') throw invalid(`device name already set to ${device.name}`);
      device = { ...device, name: value };
    } else if (device.name === '') device = { ...device, name: field };
    else if (value === undefined) throw invalid(`invalid field '${field}' must be a key=value pair`);
    else throw invalid(withSuggestion(`unexpected key '${key}' in '${field}'`, key, ['name', 'required'], true));
  }
  return device;
}

function fieldsOf(text: string): readonly string[] {
  try {
    return parseCsvRecord(text);
  } catch (error) {
    throw invalid(`failed to parse csv devices: ${messageOf(error)}`);
  }
}

function parseBool(key: string, text: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw invalid(`invalid value for ${key}: ${text}`);
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
