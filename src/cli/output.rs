//! What a command says: answers on standard output, everything else on standard error.
//!
//! With `-o json` each answer is one object on one line. For people it is text or a table, with labels in their TLP
//! colours where standard output is a terminal and `NO_COLOR` is not set.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use super::failure::Failure;
use super::text::{acts, shown};
use crate::model::label::Label;
use crate::node::config::Environment;

/// The form of the answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// Text and tables for people.
    #[default]
    Table,
    /// One JSON object on each line.
    Json,
}

/// Where a command's words go, and in which form.
#[derive(Clone, Debug)]
pub struct Output {
    form: Form,
    quiet: bool,
    colour: bool,
    terminal: bool,
}

impl Output {
    /// As the options and the environment ask.
    pub fn new(form: Form, quiet: bool, environment: &Environment) -> Self {
        let terminal = io::stdout().is_terminal();
        let plain = environment.value("NO_COLOR").is_some()
            || environment.value("TERM").is_some_and(|term| term == "dumb");
        Self {
            form,
            quiet,
            colour: terminal && !plain,
            terminal,
        }
    }

    /// Answers are JSON.
    pub fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Nothing but answers and errors is wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Standard output is a terminal, where bytes can act.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes one JSON object on one line.
    pub(crate) fn object(&self, value: &impl Serialize) -> Result<(), Failure> {
        let mut line = json(value)?;
        line.push(b'\n');
        self.bytes(&line)
    }

    /// Writes one line of text. Foreign text in it must have been made visible.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(|error| match error.kind() {
                // `sluis feed | head`: who reads has seen enough.
                io::ErrorKind::BrokenPipe => Failure::unread(),
                _ => Failure::because("standard output cannot be written", &error),
            })
    }

    /// Writes a table, its columns aligned. Foreign text is made visible here.
    pub(crate) fn table<const N: usize>(
        &self,
        header: [&str; N],
        rows: impl IntoIterator<Item = [Field; N]>,
    ) -> Result<(), Failure> {
        self.line(&self.table_text(header, rows))
    }

    fn table_text<const N: usize>(
        &self,
        header: [&str; N],
        rows: impl IntoIterator<Item = [Field; N]>,
    ) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        if self.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(header.map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
        for row in rows {
            table.add_row(row.map(Field::into_cell));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, COLUMN_GAP));
        }
        table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Writes lines of a name and its value. Foreign text is made visible here.
    pub(crate) fn pairs<'a>(
        &self,
        pairs: impl IntoIterator<Item = (&'a str, Field)>,
    ) -> Result<(), Failure> {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, field) in pairs {
            let value = match field {
                Field::Text(text) => shown(&text).into_owned(),
                Field::Label(label) => self.label(label, 0),
            };
            self.line(&format!("{name:width$}  {value}"))?;
        }
        Ok(())
    }

    /// A label as people see it, filled up to a width.
    pub(crate) fn label(&self, label: Option<Label>, width: usize) -> String {
        let text = label_text(label);
        match label.filter(|_| self.colour) {
            Some(label) => {
                let (r, g, b) = rgb(label);
                let fill = " ".repeat(width.saturating_sub(text.len()));
                format!("\u{1b}[38;2;{r};{g};{b};48;2;0;0;0m{text}\u{1b}[0m{fill}")
            }
            None => format!("{text:width$}"),
        }
    }

    /// Counts something that may take long, on standard error where that is a terminal; hidden otherwise.
    pub(crate) fn counter(&self, what: &str) -> ProgressBar {
        if self.quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{spinner} {pos} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style);
        bar.set_message(what.to_owned());
        bar
    }

    /// Says something on standard error, unless quiet.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            self.error(text);
        }
    }

    /// Says something on standard error. If even that fails there is nobody to tell.
    pub(crate) fn error(&self, text: impl AsRef<str>) {
        let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
    }
}

/// What stands in a column.
#[derive(Clone, Debug)]
pub(crate) enum Field {
    /// Text, foreign or not.
    Text(String),
    /// A label, in its colour.
    Label(Option<Label>),
}

impl Field {
    fn into_cell(self) -> Cell {
        match self {
            Field::Text(text) => Cell::new(shown(&text)),
            Field::Label(label) => {
                let cell = Cell::new(label_text(label));
                match label {
                    Some(label) => {
                        let (r, g, b) = rgb(label);
                        cell.fg(Color::Rgb { r, g, b }).bg(Color::Black)
                    }
                    None => cell,
                }
            }
        }
    }
}

impl<T: Into<String>> From<T> for Field {
    fn from(text: T) -> Self {
        Field::Text(text.into())
    }
}

fn label_text(label: Option<Label>) -> String {
    match label {
        Some(label) => format!("TLP:{label}"),
        None => "-".to_owned(),
    }
}

/// TLP 2.0, section on usage: the colours on a black background.
const fn rgb(label: Label) -> (u8, u8, u8) {
    match label {
        Label::Clear => (0xff, 0xff, 0xff),
        Label::Green => (0x33, 0xff, 0x00),
        Label::Amber | Label::AmberStrict => (0xff, 0xc0, 0x00),
        Label::Red => (0xff, 0x2b, 0x2b),
    }
}

/// A value as one line of JSON in which nothing acts on a terminal.
fn json(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut line = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut line, Visible);
    value
        .serialize(&mut serializer)
        .map_err(|error| Failure::because("the answer cannot be written as JSON", &error))?;
    Ok(line)
}

/// Compact JSON that writes what acts on a terminal as `\u` escapes: the same text for every reader of JSON.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| acts(*c)) {
            let (before, after) = rest.split_at(at);
            CompactFormatter.write_string_fragment(writer, before)?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = after.get(c.len_utf8()..).unwrap_or_default();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

/// Spaces between two columns.
const COLUMN_GAP: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn output(colour: bool) -> Output {
        Output {
            form: Form::Table,
            quiet: false,
            colour,
            terminal: colour,
        }
    }

    #[test]
    fn columns_are_aligned_and_foreign_text_cannot_act() {
        let text = output(false).table_text(
            ["member", "label", "name"],
            [
                [
                    "acme".into(),
                    Field::Label(Some(Label::AmberStrict)),
                    "A\u{1b}[31m".into(),
                ],
                ["b".into(), Field::Label(None), "日本".into()],
            ],
        );
        assert_eq!(
            text,
            "member  label             name\n\
             acme    TLP:AMBER+STRICT  A\\u{1b}[31m\n\
             b       -                 日本"
        );
    }

    #[test]
    fn labels_have_their_colours_only_where_colour_is_wanted() {
        assert_eq!(output(false).label(Some(Label::Red), 9), "TLP:RED  ");
        assert_eq!(
            output(true).label(Some(Label::Red), 9),
            "\u{1b}[38;2;255;43;43;48;2;0;0;0mTLP:RED\u{1b}[0m  "
        );
        let text = output(true).table_text(["label"], [[Field::Label(Some(Label::Green))]]);
        assert!(text.contains("38;2;51;255;0"), "{text:?}");
        assert!(
            !output(false)
                .table_text(["x"], [[Field::Label(Some(Label::Green))]])
                .contains('\u{1b}')
        );
    }

    #[test]
    fn json_says_the_same_and_acts_on_no_terminal() {
        let value = serde_json::json!({"t": "a\u{202e}b\u{9b}31m\u{1b}\u{e0041}\"\n"});
        let line = String::from_utf8(json(&value).expect("serializable")).expect("UTF-8");
        assert!(!line.chars().any(acts), "{line}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&line).ok(),
            Some(value)
        );
    }
}
