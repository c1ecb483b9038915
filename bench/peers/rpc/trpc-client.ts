/** Without batching; over as many kept connections as there are callers, since HTTP/1.1 has no more than one call on each. */
import { createTRPCClient, httpLink } from '@trpc/client';
import { answerLoads } from '../../rpc/answer-loads.ts';
import { note } from '../../rpc/note.ts';
import type { echoRouter } from './trpc-router.ts';

const client = createTRPCClient<typeof echoRouter>({
  links: [httpLink({ url: `http://127.0.0.1:${process.argv[2]}` })],
});

await answerLoads({ unary: () => client.echo.mutate(note) });
