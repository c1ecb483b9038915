import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { guardDefaults } from '../defaults.ts';
import type { Schema } from '../validate.ts';

type Knobs<D> = { readonly [K in keyof D]?: Knob<D[K]> };
type Knob<V> = V extends number ? number : V extends boolean ? boolean : V extends string ? string : Knobs<V>;

/** What a limit, a bulkhead or a tenant has of its own, by its name. */
export type NamedKnobs = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * The part of a guard that can change while a service runs: of the sections of `guardDefaults` that somebody follows as
 * much as is to differ. In `limits`, `isolation` and `quota` stands, by the name that it was given in the code, what one of
 * them has of its own. Deadlines, the watchdog and the mark of memory are options of the code: a file that sets them is refused.
 */
export type GuardSettings = Knobs<Pick<typeof guardDefaults, (typeof sections)[number]>> & {
  readonly [S in (typeof namedSections)[number]]?: NamedKnobs;
};

const sections = ['overload', 'breaker', 'retry', 'hedge', 'outlier'] as const;
const namedSections = ['limits', 'isolation', 'quota'] as const;
const guardKey = 'guard';

/** Checks names and that numbers are numbers; their ranges are checked where they are used. */
export const guardConfig: Schema<GuardSettings> = schemaOf<GuardSettings>(guardShape(), (input) => {
  const issues: StandardSchemaV1.Issue[] = [];
  checkSection(input, guardShape(), [], issues);
  return issues.length > 0 ? { issues } : { value: input as GuardSettings };
});

/**
 * The schema of a whole configuration with a section `guard`, for `watchConfig`:
 *
 *     const config = await watchConfig(ctx, withGuardConfig(schema), { file }, (next) => guard.configure(next.guard));
 */
export function withGuardConfig<T extends object>(schema: Schema<T>): Schema<T & { readonly guard: GuardSettings }> {
  const inner = (schema['~standard'] as Partial<StandardJSONSchemaV1['~standard']>).jsonSchema;
  return schemaOf(
    inner === undefined
      ? undefined
      : (options) => {
          const shape = inner.input(options);
          return { ...shape, properties: { ...(shape.properties as object), [guardKey]: guardShape() } };
        },
    async (input) => {
      const { [guardKey]: guard = {}, ...rest } = (input ?? {}) as Readonly<Record<string, unknown>>;
      const [checked, guarded] = await Promise.all([
        schema['~standard'].validate(rest),
        guardConfig['~standard'].validate(guard),
      ]);
      const issues = [
        ...(checked.issues ?? []),
        ...(guarded.issues ?? []).map((issue) => ({ ...issue, path: [guardKey, ...(issue.path ?? [])] })),
      ];
      if (checked.issues !== undefined || guarded.issues !== undefined) return { issues };
      return { value: { ...checked.value, [guardKey]: guarded.value } };
    },
  );
}

interface SectionShape {
  readonly type: 'object';
  readonly properties?: Readonly<Record<string, SectionShape | { readonly type: string }>>;
  readonly additionalProperties: boolean | object;
}

type JsonSchemaOf = StandardJSONSchemaV1['~standard']['jsonSchema']['input'];

function schemaOf<T>(
  shape: JsonSchemaOf | SectionShape | undefined,
  validate: StandardSchemaV1<unknown, T>['~standard']['validate'],
): Schema<T> {
  const input = typeof shape === 'function' ? shape : () => ({ ...shape });
  const standard: StandardSchemaV1.Props<unknown, T> & Partial<StandardJSONSchemaV1.Props<unknown, T>> = {
    version: 1,
    vendor: 'flotilla',
    validate,
    ...(shape !== undefined && { jsonSchema: { input, output: input } }),
  };
  return { '~standard': standard };
}

function guardShape(): SectionShape {
  const shape = shapeOf(Object.fromEntries(sections.map((name) => [name, guardDefaults[name]])));
  const named = {
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: { type: 'number' } },
  } as const;
  return {
    ...shape,
    properties: { ...shape.properties, ...Object.fromEntries(namedSections.map((name) => [name, named])) },
  };
}

function shapeOf(defaults: object): SectionShape {
  const properties = Object.entries(defaults).map(([key, value]) => [
    key,
    typeof value === 'object' ? shapeOf(value as object) : { type: typeof value },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: false };
}

function checkSection(
  value: unknown,
  { properties = {}, additionalProperties }: SectionShape,
  path: readonly string[],
  issues: StandardSchemaV1.Issue[],
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ message: 'it must be a section with keys', path });
    return;
  }
  for (const [key, child] of Object.entries(value)) {
    const at = [...path, key];
    const known =
      (Object.hasOwn(properties, key) ? properties[key] : undefined) ??
      (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (known === undefined)
      issues.push({ message: `unknown; there are ${Object.keys(properties).join(', ')}`, path: at });
    else if ('type' in known && known.type === 'object') checkSection(child, known as SectionShape, at, issues);
    else if (!isOf((known as { readonly type: string }).type, child))
      issues.push({ message: `it must be a ${(known as { readonly type: string }).type}`, path: at });
  }
}

function isOf(type: string, value: unknown): boolean {
  return type === 'number' ? Number.isFinite(value) : typeof value === type;
}
