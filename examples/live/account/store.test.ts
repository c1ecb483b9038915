import { openSqlite } from '../testing.ts';
import { accountStoreContract } from './store.contract.ts';

accountStoreContract('SQLite', openSqlite);
