//! The STIX 2.1 patterning language: whether a text is a pattern, and where it is not. Nothing is evaluated.
//!
//! ```text
//! pattern     = either { "FOLLOWEDBY" either }
//! either      = both { "OR" both }           both = qualified { "AND" qualified }
//! qualified   = ( "[" comparison "]" | "(" pattern ")" ) { qualifier }
//! qualifier   = "REPEATS" n "TIMES" | "WITHIN" n "SECONDS" | "START" time "STOP" time
//! comparison  = all { "OR" all }             all = test { "AND" test }
//! test        = path [ "NOT" ] operator value | [ "NOT" ] "EXISTS" path | "(" comparison ")"
//! path        = type ":" step { "." step | "[" ( index | "*" ) "]" }
//! ```

use crate::formats::instant::instant;

/// Deepest nesting of parentheses. Generated patterns nest a handful of times; the parser recurses once a level.
const DEPTH_MAX: u32 = 32;

/// What is wrong with a pattern.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Bytes before it.
    pub(crate) at: usize,
    /// What was expected there.
    pub(crate) expected: &'static str,
}

/// Reads a whole pattern.
pub(crate) fn check(text: &str) -> Result<(), Fault> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    reader.space();
    reader.pattern()?;
    if reader.at < text.len() {
        return Err(reader.fault("expected `AND`, `OR`, `FOLLOWEDBY`, a qualifier or the end"));
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn fault(&self, expected: &'static str) -> Fault {
        Fault {
            at: self.at,
            expected,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn pass(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    /// Passes white space and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.pass(rest.len().saturating_sub(trimmed.len()));
            let comment = if trimmed.starts_with("//") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if let Some(inner) = trimmed.strip_prefix("/*") {
                match inner.find("*/") {
                    Some(end) => end.saturating_add(4),
                    // It has no end, so that it is none.
                    None => return,
                }
            } else {
                return;
            };
            self.pass(comment);
        }
    }

    /// Passes a sign and the space behind it.
    fn sign(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.pass(sign.len());
            self.space();
        }
        found
    }

    /// Passes a keyword that ends where a word ends.
    fn word(&mut self, word: &str) -> bool {
        let ends = |rest: &str| {
            !rest
                .bytes()
                .next()
                .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let found = self.rest().strip_prefix(word).is_some_and(ends);
        if found {
            self.pass(word.len());
            self.space();
        }
        found
    }

    fn deeper(&mut self, inner: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        if self.depth >= DEPTH_MAX {
            return Err(self.fault("nested too deep: at most 32 levels of parentheses"));
        }
        self.depth = self.depth.saturating_add(1);
        inner(self)?;
        self.depth = self.depth.saturating_sub(1);
        if self.sign(")") {
            Ok(())
        } else {
            Err(self.fault("expected `)`"))
        }
    }

    /// `AND`, `OR` and `FOLLOWEDBY` differ in precedence only, which does not matter for whether a text is a pattern.
    fn pattern(&mut self) -> Result<(), Fault> {
        loop {
            self.qualified()?;
            if !(self.word("AND") || self.word("OR") || self.word("FOLLOWEDBY")) {
                return Ok(());
            }
        }
    }

    fn qualified(&mut self) -> Result<(), Fault> {
        if self.sign("(") {
            self.deeper(Self::pattern)?;
        } else if self.sign("[") {
            self.comparison()?;
            if !self.sign("]") {
                return Err(self.fault("expected `AND`, `OR` or `]`"));
            }
        } else {
            return Err(self.fault("expected an observation, `[…]`"));
        }
        loop {
            if self.word("REPEATS") {
                self.count()?;
                self.needs("TIMES", "expected `TIMES`")?;
            } else if self.word("WITHIN") {
                self.number()?;
                self.needs("SECONDS", "expected `SECONDS`")?;
            } else if self.word("START") {
                self.time()?;
                self.needs("STOP", "expected `STOP`")?;
                self.time()?;
            } else {
                return Ok(());
            }
        }
    }

    fn needs(&mut self, word: &str, expected: &'static str) -> Result<(), Fault> {
        if self.word(word) {
            Ok(())
        } else {
            Err(self.fault(expected))
        }
    }

    fn comparison(&mut self) -> Result<(), Fault> {
        loop {
            self.test()?;
            if !(self.word("AND") || self.word("OR")) {
                return Ok(());
            }
        }
    }

    fn test(&mut self) -> Result<(), Fault> {
        if self.sign("(") {
            return self.deeper(Self::comparison);
        }
        let not = self.word("NOT");
        if self.word("EXISTS") {
            return self.path();
        }
        if not {
            return Err(self.fault("expected `EXISTS`; elsewhere `NOT` stands before the operator"));
        }
        self.path()?;
        let _ = self.word("NOT");
        if self.word("IN") {
            return self.set();
        }
        for operator in ["LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"] {
            if self.word(operator) {
                return self.string();
            }
        }
        for operator in ["==", "=", "!=", "<>", "<=", ">=", "<", ">"] {
            if self.sign(operator) {
                return self.constant();
            }
        }
        Err(self.fault("expected an operator such as `=`, `IN` or `LIKE`"))
    }

    fn set(&mut self) -> Result<(), Fault> {
        const COMMA: &str = "expected `,` or `)`";
        if !self.sign("(") {
            return Err(self.fault("expected `(`"));
        }
        if self.sign(")") {
            return Ok(());
        }
        loop {
            self.constant()?;
            if self.sign(")") {
                return Ok(());
            }
            if !self.sign(",") {
                return Err(self.fault(COMMA));
            }
        }
    }

    fn path(&mut self) -> Result<(), Fault> {
        let is_type = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let kind = self.run(is_type);
        let begins = |text: &str| {
            text.bytes()
                .next()
                .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        };
        if !begins(kind) {
            return Err(self.fault("expected an object type, as in `file:name`"));
        }
        // STIX 2.1 §3.2: a type's name has 3 to 250 characters.
        if !NAME.contains(&kind.len()) {
            return Err(self.back(kind, "an object type has 3 to 250 characters"));
        }
        self.space();
        if !self.sign(":") {
            return Err(self.fault("expected `:` after the object type"));
        }
        self.step()?;
        loop {
            self.space();
            if self.sign(".") {
                self.step()?;
            } else if self.sign("[") {
                let index = self.run(|b| b.is_ascii_digit() || b == b'-');
                let is_index = !index.is_empty() && index.parse::<i64>().is_ok();
                if !is_index && !self.sign("*") {
                    return Err(self.fault("expected an index or `*`"));
                }
                self.space();
                if !self.sign("]") {
                    return Err(self.fault("expected `]`"));
                }
            } else {
                return Ok(());
            }
        }
    }

    fn step(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'\'') {
            return self.string();
        }
        let name = self.run(|b| b.is_ascii_alphanumeric() || b == b'_');
        let begins = name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        if begins {
            Ok(())
        } else {
            Err(self.fault("expected a property; one with other characters stands in quotes"))
        }
    }

    fn back(&self, word: &str, expected: &'static str) -> Fault {
        Fault {
            at: self.at.saturating_sub(word.len()),
            expected,
        }
    }

    fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.bytes().take_while(|b| fits(*b)).count();
        self.pass(len);
        rest.get(..len).unwrap_or_default()
    }

    fn constant(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'\'') => self.string(),
            Some(b't') if self.rest().starts_with("t'") => self.time(),
            Some(b'h') if self.rest().starts_with("h'") => self.quoted("h'", |inner| {
                inner.len().is_multiple_of(2) && inner.bytes().all(|b| b.is_ascii_hexdigit())
            }),
            Some(b'b') if self.rest().starts_with("b'") => self.quoted("b'", |inner| {
                inner.len().is_multiple_of(4)
                    && inner
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
            }),
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => self.number(),
            _ if self.word("true") || self.word("false") => Ok(()),
            _ => Err(self.fault("expected a value; a text stands in single quotes")),
        }
    }

    /// A number of times, from 1.
    fn count(&mut self) -> Result<(), Fault> {
        let digits = self.run(|b| b.is_ascii_digit());
        let is_positive = digits.bytes().any(|b| b != b'0');
        self.space();
        if is_positive {
            Ok(())
        } else {
            Err(self.fault("expected a whole number from 1"))
        }
    }

    fn number(&mut self) -> Result<(), Fault> {
        let number =
            self.run(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
        let is_number = number.parse::<f64>().is_ok_and(f64::is_finite);
        self.space();
        if is_number {
            Ok(())
        } else {
            Err(self.fault("expected a number"))
        }
    }

    fn time(&mut self) -> Result<(), Fault> {
        self.quoted("t'", |inner| instant(inner).is_some_and(|i| i.stix))
    }

    fn quoted(&mut self, begin: &str, fits: impl Fn(&str) -> bool) -> Result<(), Fault> {
        const LITERAL: &str = "expected t'YYYY-MM-DDThh:mm:ssZ', h'hexadecimal' or b'base64'";
        let inner = self
            .rest()
            .strip_prefix(begin)
            .and_then(|rest| rest.split_once('\''))
            .map(|(inner, _)| inner)
            .filter(|inner| fits(inner));
        let Some(inner) = inner else {
            return Err(self.fault(LITERAL));
        };
        self.pass(begin.len().saturating_add(inner.len()).saturating_add(1));
        self.space();
        Ok(())
    }

    /// A text in single quotes; a backslash stands before a quote or a backslash.
    fn string(&mut self) -> Result<(), Fault> {
        let mut escaped = false;
        let begin = self.rest().strip_prefix('\'');
        let end = begin.and_then(|inner| {
            inner.bytes().position(|b| {
                let ends = b == b'\'' && !escaped;
                escaped = b == b'\\' && !escaped;
                ends
            })
        });
        let Some(end) = end else {
            return Err(self.fault("expected a text in single quotes"));
        };
        self.pass(end.saturating_add(2));
        self.space();
        Ok(())
    }
}

/// Lengths of names.
const NAME: std::ops::RangeInclusive<usize> = 3..=250;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_of_the_standard_are_patterns() {
        for pattern in [
            "[ipv4-addr:value = '198.51.100.1/32']",
            "[file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']",
            "[file:hashes.MD5='0' AND file:size>=10] FOLLOWEDBY [url:value MATCHES '^https?://x']",
            "[email-message:from_ref.value MATCHES '.+\\\\@example\\\\.com$']",
            "([file:name = 'a\\'b'] AND [user-account:user_id = 'x']) WITHIN 300.5 SECONDS",
            "[network-traffic:dst_ref.type = 'domain-name'] REPEATS 5 TIMES WITHIN 1800 SECONDS",
            "[process:x_list[*] IN ('a', 'b') OR process:x_list[0].pid NOT IN (1, -2)]",
            "[file:name LIKE '%.exe'] START t'2016-06-01T00:00:00Z' STOP t'2016-07-01T00:00:00.5Z'",
            "[ipv4-addr:value ISSUBSET '198.51.100.0/24' AND NOT EXISTS x-custom:y_z]",
            "[artifact:payload_bin = b'dGVzdA==' AND artifact:x_y = h'00ff']",
            "[ (file:is_x = true OR file:y_z != false) AND EXISTS file:name ] // the end",
            "[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.0]",
            " [ /* which */ file : name = 'é' ] ",
            "[windows-registry-key:values[0].data == 'x' AND file:a_b <> 1]",
        ] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_told_with_its_place() {
        for (pattern, at) in [
            ("", 0),
            ("file:name = 'x'", 0),
            ("[file:name = 'x'", 16),
            ("[file:name = x]", 13),
            ("[file:name = 'x]", 13),
            ("[file:hashes.\"SHA-256\" = 'x']", 13),
            ("[file.name = 'x']", 5),
            ("[file:name == ]", 14),
            ("[file:name LIKE 5]", 16),
            ("[file:name = 'x'] AND", 21),
            ("[file:name = 'x'] [file:name = 'y']", 18),
            ("[file:name = 'x' FOLLOWEDBY file:name = 'y']", 17),
            ("[file:name = 'x'] REPEATS 0 TIMES", 28),
            ("[file:name = 'x'] WITHIN 5 MINUTES", 27),
            ("[file:name = 'x'] START '2016' STOP '2017'", 24),
            (
                "[file:name = 'x'] START t'2016-06-31T00:00:00Z' STOP t'2017-01-01T00:00:00Z'",
                24,
            ),
            ("[file:size = 1e999]", 18),
            ("[NOT file:name = 'x']", 5),
            ("[ab:name = 'x']", 1),
            ("[file:name IN ('a' 'b')]", 19),
            ("[file:x_y[a] = 1]", 10),
            ("([file:name = 'x']", 18),
            ("[file:name = 'x'])", 17),
            ("[file:name ANDROID 'x']", 11),
        ] {
            assert_eq!(check(pattern).map_err(|f| f.at), Err(at), "{pattern}");
        }
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |n: usize| format!("{}[file:name='x']{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(check(&nested(32)), Ok(()));
        assert_eq!(check(&nested(33)).map_err(|f| f.at), Err(33));
        assert!(check(&"(".repeat(1_000_000)).is_err());
        let inner = format!("[{}file:name='x'{}]", "(".repeat(32), ")".repeat(32));
        assert_eq!(check(&inner), Ok(()));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in any::<String>(), pieces in prop::collection::vec(prop::sample::select(
            vec!["[", "]", "(", ")", "file:name", "=", "'x'", " AND ", " OR ", "NOT ", "EXISTS ", "t'", "//", "/*", "*/", "é", "1", ".", ":", "'", "\\", "IN", "WITHIN "],
        ), 0..30)) {
            let _ = check(&text);
            let built = pieces.concat();
            if let Err(fault) = check(&built) {
                prop_assert!(fault.at <= built.len());
            }
        }
    }
}
