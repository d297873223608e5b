//! Statements over many rows, in few sizes so that SQLite's compiled form is found again.

use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Executor, Sqlite, Type};

/// Rows in one statement. Few sizes, so that each is compiled once; beyond the largest nothing is gained, and it stays
/// far below the 32,766 values that SQLite binds.
const RUNS: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// What follows the rows of `INSERT INTO … SELECT * FROM (VALUES …`.
pub(super) const PASS_OVER_NULL: &str = ") WHERE column1 IS NOT NULL";

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
///
/// A run may be filled up with rows of NULL, because a statement more costs more than some rows more. The statement has
/// to pass over a row whose first value is NULL.
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
    /// Finds rows by their keys.
    pub(super) async fn fetch<T>(
        &self,
        connection: &mut SqliteConnection,
        mut keys: &[T],
        bind_key: impl Fn(&mut SqliteArguments, &T) -> Result<(), sqlx::Error>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut found = Vec::new();
        while let Some((run, rest, size)) = next_run(keys) {
            keys = rest;
            let mut arguments = SqliteArguments::default();
            for key in run {
                bind_key(&mut arguments, key)?;
            }
            self.fill_up(&mut arguments, size - run.len())?;
            let query = sqlx::query_with(AssertSqlSafe(self.sql(size)), arguments);
            found.extend(connection.fetch_all(query).await?);
        }
        Ok(found)
    }

    fn fill_up(&self, arguments: &mut SqliteArguments, rows: usize) -> Result<(), sqlx::Error> {
        let values = self.tuple.bytes().filter(|b| *b == b'?').count();
        for _ in 0..rows * values {
            bind(arguments, None::<i64>)?;
        }
        Ok(())
    }

    /// Adds the text for so many rows, which holds nothing but constants of this program.
    fn write_sql(&self, sql: &mut String, rows: usize) {
        sql.reserve(self.head.len() + (self.tuple.len() + 1) * rows + self.tail.len() + 1);
        sql.push_str(self.head);
        for row in 0..rows {
            if row > 0 {
                sql.push(',');
            }
            sql.push_str(self.tuple);
        }
        sql.push_str(self.tail);
    }

    fn sql(&self, rows: usize) -> String {
        let mut sql = String::new();
        self.write_sql(&mut sql, rows);
        sql
    }
}

/// Statements that change something, in order. Those of a small batch go to SQLite's thread together, because each way
/// there and back costs as much as the statement; those of a large one go each by itself, because the text of all of
/// them together would never be the same again and so always be compiled.
#[derive(Debug)]
pub(super) struct Script<'c> {
    connection: &'c mut SqliteConnection,
    together: bool,
    sql: String,
    arguments: SqliteArguments,
}

impl<'c> Script<'c> {
    /// An empty script.
    pub(super) fn new(connection: &'c mut SqliteConnection, together: bool) -> Self {
        Self {
            connection,
            together,
            sql: String::new(),
            arguments: SqliteArguments::default(),
        }
    }

    /// Inserts or changes rows.
    pub(super) async fn rows<T>(
        &mut self,
        statement: &ManyRows,
        mut rows: &[T],
        bind_row: impl Fn(&mut SqliteArguments, &T) -> Result<(), sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        while let Some((run, rest, size)) = next_run(rows) {
            rows = rest;
            statement.write_sql(&mut self.sql, size);
            for row in run {
                bind_row(&mut self.arguments, row)?;
            }
            statement.fill_up(&mut self.arguments, size - run.len())?;
            self.end_statement().await?;
        }
        Ok(())
    }

    /// One statement whose placeholders are all `?`.
    pub(super) async fn one(
        &mut self,
        sql: &'static str,
        bind_values: impl FnOnce(&mut SqliteArguments) -> Result<(), sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        self.sql.push_str(sql);
        bind_values(&mut self.arguments)?;
        self.end_statement().await
    }

    /// Carries out what waits, and gives the connection for what is no part of a script.
    pub(super) async fn flushed(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        if !self.sql.is_empty() {
            let sql = std::mem::take(&mut self.sql);
            let arguments = std::mem::take(&mut self.arguments);
            let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
            self.connection.execute(query).await?;
        }
        Ok(self.connection)
    }

    async fn end_statement(&mut self) -> Result<(), sqlx::Error> {
        if self.together {
            self.sql.push(';');
        } else {
            self.flushed().await?;
        }
        Ok(())
    }
}

/// The rows of the next statement, the rest, and for how many rows the statement is made: one that is up to half as long
/// again as there are rows, or else a shorter one that is full.
fn next_run<T>(rows: &[T]) -> Option<(&[T], &[T], usize)> {
    let there = rows.len();
    if there == 0 {
        return None;
    }
    let longer = RUNS.into_iter().rev().find(|size| *size >= there);
    let size = longer
        .filter(|size| *size <= there + there / 2)
        .or_else(|| RUNS.into_iter().find(|size| *size <= there))?;
    let (run, rest) = rows.split_at_checked(size.min(there))?;
    Some((run, rest, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_all_rows_with_few_statements() {
        for there in 0..2_000_usize {
            let rows = vec![(); there];
            let (mut rest, mut covered, mut statements, mut made) = (rows.as_slice(), 0, 0, 0);
            while let Some((run, after, size)) = next_run(rest) {
                assert!(RUNS.contains(&size) && run.len() <= size);
                covered += run.len();
                made += size;
                statements += 1;
                rest = after;
            }
            assert_eq!(covered, there);
            assert!(made <= there + there / 2);
            assert!(statements <= there / 256 + 4, "{there}: {statements}");
        }
    }
}
