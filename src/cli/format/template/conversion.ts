import { formatOperand, type Operand } from './node.ts';
import { isTexts, plainNil, sortedKeys, typeName, type Value } from './value.ts';

/** Keys and items `range` goes through, in its order; undefined for what it cannot go through. */
export function itemsOf(value: Value): readonly (readonly [Value, Value])[] | undefined {
  if (value === undefined) return [];
  if (typeof value === 'bigint') {
    return Array.from({ length: Number(value) }, (_, index) => [BigInt(index), BigInt(index)] as const);
  }
  if (typeof value !== 'object') return undefined;
  if (value.kind === 'list') return value.items.map((item, index) => [BigInt(index), plainNil(item)] as const);
  if (value.kind !== 'dictionary') return undefined;
  return sortedKeys(value.entries).map((key) => [key, plainNil(value.entries.get(key))] as const);
}

/** The complaint about argument `index` of a function whose parameters are of `types`; `node` where it is written out. */
export function typeProblem(
  types: readonly string[] | undefined,
  index: number,
  value: Value,
  node?: Operand,
): string | undefined {
  const type = types?.[Math.min(index, types.length - 1)] ?? 'any';
  const given = typeName(value);
  if (type === 'any' || given === type || (type === '[]string' && isTexts(value))) return undefined;
  if (value === undefined) return `invalid value; expected ${type}`;
  if (node !== undefined && ['string', 'number', 'bool', 'nil'].includes(node.kind)) {
    return `expected ${type === 'int' ? 'integer' : type}; found ${formatOperand(node)}`;
  }
  return `wrong type for value; expected ${type}; got ${given}`;
}
