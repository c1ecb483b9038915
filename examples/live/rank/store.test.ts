import { openSqlite } from '../testing.ts';
import { rankStoreContract } from './store.contract.ts';

rankStoreContract('SQLite', openSqlite);
