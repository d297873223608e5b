//! Questions to the person at the terminal. Where standard input is no terminal nothing is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::failure::Failure;

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Yes, said now or beforehand with `--yes`.
    Yes,
    /// No.
    No,
    /// There is nobody to ask.
    Nobody,
}

/// Asks a question that is answered with y or n; `yes`: it was answered beforehand.
pub(crate) fn ask(question: &str, yes: bool) -> Result<Answer, Failure> {
    if yes {
        return Ok(Answer::Yes);
    }
    if !io::stdin().is_terminal() {
        return Ok(Answer::Nobody);
    }
    let mut line = String::new();
    let _ = write!(io::stderr().lock(), "{question} [y/N] ");
    let _ = io::stderr().flush();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::because("standard input cannot be read", &error))?;
    Ok(answer(&line))
}

/// Asks before something that cannot be taken back. Where there is nobody to ask, the command line has said it.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    match ask(question, yes)? {
        Answer::Yes | Answer::Nobody => Ok(()),
        Answer::No => Err(Failure::failed("nothing was done")),
    }
}

fn answer(line: &str) -> Answer {
    match line.trim().to_lowercase().as_str() {
        // Dutch operators answer in Dutch.
        "y" | "yes" | "j" | "ja" => Answer::Yes,
        _ => Answer::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for yes in ["y\n", "YES\n", " j \n", "ja"] {
            assert_eq!(answer(yes), Answer::Yes);
        }
        for no in ["", "\n", "n\n", "yess\n", "no"] {
            assert_eq!(answer(no), Answer::No);
        }
    }
}
