/** What a server of this bench does beside serving: tells its port, and collects its garbage when it is asked to. */
export function announce(port: number): void {
  process.send?.(port);
  process.on('message', async () => {
    for (let i = 0; i < 4; i++) {
      globalThis.gc?.();
      // Finalisers and freed pages follow in later turns of the loop.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    process.send?.('collected');
  });
  process.on('disconnect', () => process.exit());
}
