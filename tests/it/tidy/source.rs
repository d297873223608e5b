//! Source files as text: what is code in them, what is test, and which modules the code names.

use std::fs;
use std::path::{Path, PathBuf};

/// One file of `src/`.
pub(crate) struct Source {
    /// Its path inside `src/`, with `/` on every system.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl Source {
    /// The module at the top of the tree to which the file belongs; none for `lib.rs` and `main.rs`.
    pub(crate) fn module(&self) -> Option<&str> {
        let first = self.path.split('/').next()?.trim_end_matches(".rs");
        (first != "lib" && first != "main").then_some(first)
    }

    /// The code that ships, without comments, strings and tests.
    pub(crate) fn code(&self) -> String {
        if self.is_all_tests() {
            return String::new();
        }
        let code = blank(&self.text);
        match code.find("#[cfg(test)]\nmod ") {
            Some(at) => code.get(..at).unwrap_or_default().to_owned(),
            None => code,
        }
    }

    /// The tests in it, as they are written.
    pub(crate) fn tests(&self) -> &str {
        if self.is_all_tests() {
            return &self.text;
        }
        match self.text.find("#[cfg(test)]\nmod ") {
            Some(at) => self.text.get(at..).unwrap_or_default(),
            None => "",
        }
    }

    /// Nothing in it ships.
    pub(crate) fn is_all_tests(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files of a folder of the checkout whose name ends like this, by path.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<Source> {
    let base = root().join(folder);
    let mut found = Vec::new();
    let mut open = vec![base.clone()];
    while let Some(directory) = open.pop() {
        let entries = fs::read_dir(&directory).expect("the folder is part of the checkout");
        for entry in entries {
            let path: PathBuf = entry.expect("the folder can be read").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let inside = path.strip_prefix(&base).expect("the walk began there");
            let name = inside.to_string_lossy().replace('\\', "/");
            if name.ends_with(ending) {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push(Source { path: name, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The modules that code names after `crate::`, also in a list in braces.
pub(crate) fn modules_named(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `some_crate::` is another crate.
        let before = code
            .get(..at)
            .and_then(|text| text.chars().next_back())
            .unwrap_or(' ');
        if before.is_alphanumeric() || before == '_' {
            continue;
        }
        let rest = code.get(at + "crate::".len()..).unwrap_or_default();
        match rest.strip_prefix('{') {
            Some(list) => named.extend(first_words(list)),
            None => named.push(word(rest)),
        }
    }
    named.retain(|name| !name.is_empty());
    named.sort();
    named.dedup();
    named
}

/// Whether code has this text as a word: not inside a longer name.
pub(crate) fn has_word(code: &str, wanted: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(wanted).any(|(at, _)| {
        let before = code.get(..at).and_then(|t| t.chars().next_back());
        let after = code.get(at + wanted.len()..).and_then(|t| t.chars().next());
        // A wanted text that ends in a sign, such as `rand::`, may be followed by anything.
        let closed = wanted.ends_with(is_name);
        let inside = before.is_some_and(is_name) || (closed && after.is_some_and(is_name));
        !inside
    })
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The first word of each entry of a use list, up to its closing brace.
fn first_words(list: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let mut entry = String::new();
    let mut words = Vec::new();
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => words.push(word(std::mem::take(&mut entry).trim_start())),
            _ if depth == 0 => entry.push(c),
            _ => {}
        }
    }
    words.push(word(entry.trim_start()));
    words
}

/// The text with comments, strings and character literals blanked out; line breaks stay.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < chars.len() {
        let end = literal_end(&at, i);
        if end == i {
            out.push(at(i));
            i += 1;
        } else {
            out.extend((i..end.min(chars.len())).map(|k| if at(k) == '\n' { '\n' } else { ' ' }));
            i = end;
        }
    }
    out
}

/// Where a comment or literal that begins at `i` ends; `i` itself where none begins. A file that ends inside one does not
/// compile, and reads as `\0` for ever: every loop ends at that too.
fn literal_end(at: &impl Fn(usize) -> char, i: usize) -> usize {
    match (at(i), at(i + 1)) {
        ('/', '/') => until(at, i, |k| at(k) == '\n'),
        ('/', '*') => until(at, i + 2, |k| at(k) == '*' && at(k + 1) == '/') + 2,
        ('"', _) => string_end(at, i + 1),
        ('r', '"' | '#') if !is_name(at, i) => raw_end(at, i),
        ('\'', '\\') => until(at, i + 3, |k| at(k) == '\'') + 1,
        // A lifetime has no closing quote after one character.
        ('\'', _) if at(i + 2) == '\'' => i + 3,
        _ => i,
    }
}

fn until(at: &impl Fn(usize) -> char, from: usize, end: impl Fn(usize) -> bool) -> usize {
    let mut k = from;
    while at(k) != '\0' && !end(k) {
        k += 1;
    }
    k
}

fn string_end(at: &impl Fn(usize) -> char, from: usize) -> usize {
    let mut k = from;
    while at(k) != '\0' && at(k) != '"' {
        k += if at(k) == '\\' { 2 } else { 1 };
    }
    k + 1
}

fn raw_end(at: &impl Fn(usize) -> char, i: usize) -> usize {
    let open = until(at, i + 1, |k| at(k) != '#');
    if at(open) != '"' {
        return i;
    }
    let hashes = open - i - 1;
    let closes = |k: usize| at(k) == '"' && (1..=hashes).all(|n| at(k + n) == '#');
    until(at, open + 1, closes) + 1 + hashes
}

/// Whether the character before `i` belongs to a name, so that an `r` at `i` is its last letter.
fn is_name(at: &impl Fn(usize) -> char, i: usize) -> bool {
    i.checked_sub(1)
        .map(at)
        .is_some_and(|c| c.is_alphanumeric() || c == '_')
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = "use crate::a; // crate::b\nlet s = \"crate::c\"; let r = r#\"crate::\"d\"#; let q = '\"'; crate::e::f('x);";
    assert_eq!(modules_named(&blank(text)), ["a", "e"]);
    assert_eq!(
        modules_named("pub(in crate::x) use crate::{b::{c, d}, e}; othercrate::f"),
        ["b", "e", "x"]
    );
    assert!(has_word("tokio::spawn", "tokio") && !has_word("tokio_util", "tokio"));
    assert!(has_word("rand::rng()", "rand::") && !has_word("operand::x", "rand::"));
}
