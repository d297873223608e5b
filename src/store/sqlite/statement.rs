//! Statements over many rows, in few sizes so that SQLite's compiled form is found again.

use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Executor, Sqlite, Type};

/// Rows in one statement. Few sizes, so that each is compiled once; more than 64 rows gain nothing more.
const RUNS: [usize; 4] = [64, 16, 4, 1];

/// Adds one value to a statement's arguments.
pub(super) fn bind<'t, T>(arguments: &mut SqliteArguments, value: T) -> Result<(), sqlx::Error>
where
    T: Encode<'t, Sqlite> + Type<Sqlite>,
{
    arguments
        .add(value)
        .map_err(|e: BoxDynError| sqlx::Error::Encode(e))
}

/// `head (tuple), (tuple), … tail`, once for every run of rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct ManyRows {
    /// Up to and with `VALUES` or `IN (`.
    pub head: &'static str,
    /// One row's placeholders.
    pub tuple: &'static str,
    /// What follows the rows.
    pub tail: &'static str,
}

impl ManyRows {
    /// Inserts or changes rows.
    pub(super) async fn execute<T>(
        &self,
        connection: &mut SqliteConnection,
        mut rows: &[T],
        bind_row: impl Fn(&mut SqliteArguments, &T) -> Result<(), sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        while let Some((run, rest)) = next_run(rows) {
            rows = rest;
            let mut arguments = SqliteArguments::default();
            for row in run {
                bind_row(&mut arguments, row)?;
            }
            let query = sqlx::query_with(AssertSqlSafe(self.sql(run.len())), arguments);
            connection.execute(query).await?;
        }
        Ok(())
    }

    /// Finds rows by their keys.
    pub(super) async fn fetch<T>(
        &self,
        connection: &mut SqliteConnection,
        mut keys: &[T],
        bind_key: impl Fn(&mut SqliteArguments, &T) -> Result<(), sqlx::Error>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut found = Vec::new();
        while let Some((run, rest)) = next_run(keys) {
            keys = rest;
            let mut arguments = SqliteArguments::default();
            for key in run {
                bind_key(&mut arguments, key)?;
            }
            let query = sqlx::query_with(AssertSqlSafe(self.sql(run.len())), arguments);
            found.extend(connection.fetch_all(query).await?);
        }
        Ok(found)
    }

    /// The text holds nothing but constants of this program.
    fn sql(&self, rows: usize) -> String {
        let mut sql = String::with_capacity(
            self.head.len() + (self.tuple.len() + 1) * rows + self.tail.len() + 2,
        );
        sql.push_str(self.head);
        for row in 0..rows {
            if row > 0 {
                sql.push(',');
            }
            sql.push_str(self.tuple);
        }
        sql.push_str(self.tail);
        sql
    }
}

fn next_run<T>(rows: &[T]) -> Option<(&[T], &[T])> {
    let size = RUNS.into_iter().find(|size| *size <= rows.len())?;
    rows.split_at_checked(size)
}
