/** The full count of the measurement in which deferred transactions failed 827 of 6,000: ours fail none. */
process.env.FLOTILLA_SQL_WRITES = '3000';
await import('../../src/data/sql/sqlite/two-processes.test.ts');
