import { initTRPC } from '@trpc/server';
import type { note } from '../../rpc/note.ts';

const { router, procedure } = initTRPC.create();

/** Takes what it gets for a note: a validator would only cost. */
export const echoRouter = router({
  echo: procedure.input((input: unknown) => input as typeof note).mutation(({ input }) => input),
});
