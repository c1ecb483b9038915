import { z } from 'zod';

/** What every server of this bench answers with: the same bytes, so that only the way there differs. */
export const greeting = 'Hello, world!';

export interface User {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly country: string;
  readonly points: number;
}

/** What the id in the path finds. User 42 is 97 bytes of JSON. */
export const users: ReadonlyMap<string, User> = new Map(
  Array.from({ length: 100 }, (_, index) => [
    String(index),
    { id: index, name: 'Ada Lovelace', email: 'ada.lovelace@example.com', country: 'GBR', points: 18_151 },
  ]),
);

export interface NewUser {
  readonly name: string;
  readonly email: string;
  readonly country: string;
  readonly age: number;
  readonly tags: readonly string[];
}

export function register({ name, email, country, tags }: NewUser): User {
  return { id: 101, name, email, country, points: tags.length };
}

/** For all that validate with a Standard Schema. Fastify has the same constraints for its own validator. */
export const newUserSchema: z.ZodType<NewUser> = z.object({
  name: z.string().min(1).max(100),
  email: z
    .string()
    .max(254)
    .regex(/^\S+@\S+$/),
  country: z.string().length(3),
  age: z.int().min(0).max(150),
  tags: z.array(z.string().max(32)).max(16),
});

/** The path's parameter, in the row with all features on. */
export const userParamsSchema = z.object({ id: z.string().regex(/^\d{1,9}$/) });
