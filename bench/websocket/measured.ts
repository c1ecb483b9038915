/** What is asked of a server of this bench. */
export type Question = { readonly ask: 'cpu' } | { readonly ask: 'broadcast'; readonly times: number };

/** Sends a message to everybody in the room. */
export type SendToRoom = () => void;

/** What a server of this bench does beside serving: tells its port, its CPU time, and sends to its room when it is asked to. */
export function answerQuestions(port: number, sendToRoom: SendToRoom): void {
  process.on('message', async (question: Question) => {
    if (question.ask === 'broadcast') {
      for (let i = 0; i < question.times; i++) {
        sendToRoom();
        // Each is a tick of its own: what a chat does, and not the best case of those that batch.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
  process.on('disconnect', () => process.exit());
  process.send?.(port);
}

/** 60 bytes, as a line of a chat. */
export const message = 'a line of a chat, as somebody writes it, of sixty bytes: end';
