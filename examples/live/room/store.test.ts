import { openSqlite } from '../testing.ts';
import { roomStoreContract } from './store.contract.ts';

roomStoreContract('SQLite', openSqlite);
