/** What GET /page answers. */
export const page = 'x'.repeat(64 * 1024);
