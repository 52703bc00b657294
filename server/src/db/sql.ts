/** The types of queries: the driver's own, under the names that stores use. */
import type postgres from 'postgres';

export type Sql = postgres.Sql;
export type Transaction = postgres.TransactionSql;
/** A piece of SQL that stands in another query. */
export type Fragment = postgres.Fragment;
