import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Awaitable } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';

/** A schema of any validator (zod, valibot, arktype, ...) that makes a T of whatever comes in. */
export type Schema<T> = StandardSchemaV1<unknown, T>;

/**
 * The value that a Standard Schema makes of the input, or an `invalid_argument` with reason `INVALID_INPUT` whose
 * metadata names each offending path (at most 8) and what is wrong with it, cut where a stranger's keys make them long.
 * `where` says which input: `body`, `query`.
 */
export async function validate<T>(schema: Schema<T>, input: unknown, where: string): Promise<T> {
  return applySchema(schema, input, where);
}

/** The same, at once where the schema answers at once, which most do: then it throws instead of rejecting. */
export function applySchema<T>(schema: Schema<T>, input: unknown, where: string): Awaitable<T> {
  const checked = schema['~standard'].validate(input);
  if (checked instanceof Promise) return checked.then((result) => accepted(result, where));
  return checked.issues === undefined ? checked.value : accepted(checked, where);
}

function accepted<T>(result: StandardSchemaV1.Result<T>, where: string): T {
  if (result.issues === undefined) return result.value;
  const metadata: Record<string, string> = {};
  for (const issue of result.issues.slice(0, maxIssues)) metadata[pathOf(issue, where)] ??= short(issue.message);
  const first = result.issues[0];
  const what = first === undefined ? 'is invalid' : `${pathOf(first, where)}: ${short(first.message)}`;
  throw new StatusError('invalid_argument', `invalid ${where}: ${what}`, { reason: 'INVALID_INPUT', metadata });
}

const maxIssues = 8;
const maxLength = 200;

function pathOf(issue: StandardSchemaV1.Issue, where: string): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return short([where, ...path].join('.'));
}

function short(text: string): string {
  return text.length > maxLength ? `${text.slice(0, maxLength).toWellFormed()}…` : text;
}
