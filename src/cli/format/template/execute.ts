import { isKind, messageOf } from '../../../lib/errors.ts';
import { itemsOf, typeProblem } from './conversion.ts';
import { failure, type Place } from './failure.ts';
import type { FunctionTable } from './functions.ts';
import { type Call, formatCall, formatOperand, type Node, type Operand, type Pipe } from './node.ts';
import { formatValue } from './print.ts';
import { quote } from './quote.ts';
import { declaredType, isScalar, isTrue, type Member, plainNil, typeName, type Value } from './value.ts';

export interface ExecuteOptions {
  /** A missing key is an error rather than `<no value>` (missingkey=error); values are of type `interface {}`. */
  readonly strict?: boolean;
  /** The template's name in errors; default none. */
  readonly name?: string;
  /** Gets what was printed before a failure. */
  readonly onFailure?: (output: string) => void;
}

/**
 * Runs a parsed template on `data` (text/template/exec.go). `source` is the template's text, for places in errors.
 * Errors: invalid_parameter `template: :1:2: executing "" at <.X>: ...`.
 */
export function executeNodes(
  nodes: readonly Node[],
  source: string,
  functions: FunctionTable,
  data: Value,
  options: ExecuteOptions = {},
): string {
  const run = new Execution(source, functions, options, data);
  try {
    run.list(nodes, data);
  } catch (error) {
    options.onFailure?.(run.output);
    throw error;
  }
  return run.output;
}

type Flow = 'next' | 'break' | 'continue';
/** The value piped into a command; absent at a pipeline's start. */
type Final = { readonly value: Value } | undefined;

class Execution {
  output = '';
  private readonly source: string;
  private readonly functions: FunctionTable;
  private readonly strict: boolean;
  private readonly name: string;
  private readonly scope: { readonly name: string; value: Value }[];
  private place: Place = { at: 0, text: '' };

  constructor(source: string, functions: FunctionTable, options: ExecuteOptions, data: Value) {
    this.source = source;
    this.functions = functions;
    this.strict = options.strict ?? false;
    this.name = options.name ?? '';
    this.scope = [{ name: '$', value: data }];
  }

  list(nodes: readonly Node[], dot: Value): Flow {
    for (const node of nodes) {
      const flow = this.node(node, dot);
      if (flow !== 'next') return flow;
    }
    return 'next';
  }

  private node(node: Node, dot: Value): Flow {
    switch (node.kind) {
      case 'text':
        this.output += node.text;
        return 'next';
      case 'action':
        return this.action(node.pipe, dot);
      case 'if':
      case 'with':
        return this.scoped(() => this.branch(node, dot));
      case 'range':
        return this.scoped(() => this.range(node, dot));
      case 'break':
      case 'continue':
        return node.kind;
    }
  }

  private action(pipe: Pipe, dot: Value): Flow {
    const value = this.pipeline(pipe, dot);
    if (pipe.variables.length === 0) this.output += value === undefined ? '<no value>' : formatValue(value);
    return 'next';
  }

  private branch(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: Value): Flow {
    const value = this.pipeline(node.pipe, dot);
    if (isTrue(value)) return this.list(node.list, node.kind === 'with' ? value : dot);
    return node.otherwise === undefined ? 'next' : this.list(node.otherwise, dot);
  }

  private range(node: Extract<Node, { kind: 'if' | 'with' | 'range' }>, dot: Value): Flow {
    const value = this.pipeline(node.pipe, dot);
    this.at(node.pipe.at, formatOperand(node.pipe));
    const items = itemsOf(value) ?? this.fail(`range can't iterate over ${formatValue(value)}`);
    if (items.length === 0) return node.otherwise === undefined ? 'next' : this.list(node.otherwise, dot);
    for (const [key, item] of items) {
      const flow = this.scoped(() => {
        this.setLoopVariables(node.pipe, key, item);
        return this.list(node.list, item);
      });
      if (flow === 'break') break;
    }
    return 'next';
  }

  private setLoopVariables(pipe: Pipe, key: Value, item: Value): void {
    const [first, second] = pipe.variables;
    if (first === undefined) return;
    const values: readonly (readonly [string, Value])[] =
      second === undefined
        ? [[first, item]]
        : [
            [first, key],
            [second, item],
          ];
    for (const [name, value] of values) {
      if (pipe.assigns) this.assign(name, value);
      else this.scope.push({ name, value });
    }
  }

  private scoped(run: () => Flow): Flow {
    const depth = this.scope.length;
    try {
      return run();
    } finally {
      this.scope.length = depth;
    }
  }

  private pipeline(pipe: Pipe, dot: Value): Value {
    this.at(pipe.at, formatOperand(pipe));
    let final: Final;
    for (const command of pipe.commands) final = { value: plainNil(this.command(command, dot, final)) };
    const value = final?.value;
    for (const name of pipe.variables) {
      if (pipe.assigns) this.assign(name, value);
      else this.scope.push({ name, value });
    }
    return value;
  }

  private assign(name: string, value: Value): void {
    const variable = this.scope.findLast((entry) => entry.name === name);
    if (variable === undefined) this.fail(`undefined variable: ${name}`);
    variable.value = value;
  }

  private command(command: Call, dot: Value, final: Final): Value {
    const [first] = command.args;
    switch (first.kind) {
      case 'field':
      case 'variable':
      case 'chain':
        return this.chained(first, dot, command.args, final);
      case 'identifier':
        return this.function(first.name, command, dot, final);
      case 'pipe':
        this.notCallable(command, final);
        return this.pipeline(first, dot);
      default:
        this.at(first.at, formatOperand(first));
        this.notCallable(command, final);
        if (first.kind === 'nil') return this.fail('nil is not a command');
        return this.literal(first, dot);
    }
  }

  private literal(
    node: Exclude<Operand, { kind: 'field' | 'variable' | 'chain' | 'identifier' | 'pipe' }>,
    dot: Value,
  ): Value {
    if (node.kind === 'dot') return dot;
    return 'value' in node ? node.value : undefined;
  }

  private notCallable(command: Call, final: Final): void {
    if (command.args.length === 1 && final === undefined) return;
    this.fail(`can't give argument to non-function ${formatOperand(command.args[0])}`);
  }

  private argument(node: Operand, dot: Value): Value {
    this.at(node.at, formatOperand(node));
    switch (node.kind) {
      case 'field':
      case 'variable':
      case 'chain':
        return plainNil(this.chained(node, dot, [node], undefined));
      case 'identifier':
        return this.function(node.name, { at: node.at, args: [node] }, dot, undefined);
      case 'pipe':
        return this.pipeline(node, dot);
      default:
        return this.literal(node, dot);
    }
  }

  private chained(
    node: Extract<Operand, { kind: 'field' | 'variable' | 'chain' }>,
    dot: Value,
    args: readonly Operand[],
    final: Final,
  ): Value {
    const [base, names] = this.baseOf(node, dot);
    this.at(node.at, formatOperand(node));
    if (names.length === 0 && (args.length > 1 || final !== undefined)) {
      return this.fail(`can't give argument to non-function ${formatOperand(node)}`);
    }
    let value = base;
    for (const [index, name] of names.entries()) {
      const last = index === names.length - 1;
      const holder = value;
      value = this.field(holder, name, node, dot, last ? args.slice(1) : [], last ? final : undefined);
      if (!last && isScalar(value)) this.noField(names[index + 1] ?? '', declaredType(holder, value));
    }
    return value;
  }

  private baseOf(
    node: Extract<Operand, { kind: 'field' | 'variable' | 'chain' }>,
    dot: Value,
  ): readonly [Value, readonly string[]] {
    if (node.kind === 'field') return [dot, node.names];
    if (node.kind === 'chain') return [this.argument(node.of, dot), node.names];
    const [name, ...names] = node.names;
    const variable = this.scope.findLast((entry) => entry.name === name);
    if (variable === undefined) return this.fail(`undefined variable: ${name}`);
    return [variable.value, names];
  }

  private field(value: Value, name: string, node: Operand, dot: Value, args: readonly Operand[], final: Final): Value {
    const receiver = plainNil(value);
    if (receiver === undefined) {
      if (this.strict) return this.fail(`nil data; no entry for key ${quote(name)}`);
      return undefined;
    }
    const hasArgs = args.length > 0 || final !== undefined;
    if (typeof receiver === 'object') {
      switch (receiver.kind) {
        case 'nil':
          return this.fail(`nil pointer evaluating ${receiver.type}.${name}`);
        case 'dictionary':
          if (hasArgs) return this.fail(`${name} is not a method but has arguments`);
          if (this.strict && !receiver.entries.has(name)) return this.fail(`map has no entry for key ${quote(name)}`);
          return plainNil(receiver.entries.get(name));
        case 'struct': {
          const member = receiver.member(name);
          if (member !== undefined) return this.member(member, name, node, dot, args, final);
          return this.noField(name, receiver.type);
        }
        default:
          break;
      }
    }
    return this.noField(name, typeName(receiver));
  }

  private noField(name: string, type: string): never {
    return this.fail(`can't evaluate field ${name} in type ${type}`);
  }

  private member(
    member: Member,
    name: string,
    node: Operand,
    dot: Value,
    args: readonly Operand[],
    final: Final,
  ): Value {
    if (member.kind === 'value') {
      if (args.length === 0 && final === undefined) return member.value;
      return this.fail(`${name} has arguments but cannot be invoked as function`);
    }
    const values = args.map((arg) => this.argument(arg, dot));
    if (final !== undefined) values.push(final.value);
    this.at(node.at, formatOperand(node));
    if (values.length !== member.arity) {
      return this.fail(`wrong number of args for ${name}: want ${member.arity} got ${values.length}`);
    }
    return this.calling(name, () => member.call(values));
  }

  private function(name: string, command: Call, dot: Value, final: Final): Value {
    const place = { at: command.args[0].at, text: name };
    this.at(place.at, place.text);
    const entry = this.functions[name];
    if (entry === undefined) return this.fail(`${quote(name)} is not a defined function`);
    const count = command.args.length - 1 + (final === undefined ? 0 : 1);
    if (count < entry.min || count > (entry.max ?? Number.POSITIVE_INFINITY)) {
      const want = entry.max === undefined ? `at least ${entry.min}` : String(entry.max);
      return this.fail(`wrong number of args for ${name}: want ${want} got ${count}`);
    }
    if (name === 'and' || name === 'or') return this.shortCircuit(name, command, dot, final);
    const values = command.args.slice(1).map((arg, index) => {
      const value = this.argument(arg, dot);
      this.checkType(entry.types, index, value, arg);
      return value;
    });
    if (final !== undefined) {
      this.at(place.at, formatCall(command));
      this.checkType(entry.types, values.length, final.value);
      values.push(final.value);
    }
    this.at(place.at, formatCall(command));
    return this.calling(name, () => entry.call(values));
  }

  /** The first argument that decides; those after it are not evaluated. */
  private shortCircuit(name: 'and' | 'or', command: Call, dot: Value, final: Final): Value {
    let value: Value;
    for (const arg of command.args.slice(1)) {
      value = this.argument(arg, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === undefined ? value : final.value;
  }

  private checkType(types: readonly string[] | undefined, index: number, value: Value, node?: Operand): void {
    const problem = typeProblem(types, index, value, node);
    if (problem !== undefined) this.fail(problem);
  }

  private calling(name: string, call: () => Value): Value {
    try {
      return call();
    } catch (error) {
      if (!isKind(error, 'invalid_parameter', 'system')) throw error;
      return this.fail(`error calling ${name}: ${messageOf(error)}`);
    }
  }

  private at(at: number, text: string): void {
    this.place = { at, text };
  }

  private fail(problem: string): never {
    throw failure(this.name, this.source, this.place, problem);
  }
}
