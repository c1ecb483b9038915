import { openSqlite } from '../testing.ts';
import { giftStoreContract } from './store.contract.ts';

giftStoreContract('SQLite', openSqlite);
