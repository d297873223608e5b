//! The text that a content stream shows (ISO 32000-1 §8.4, §9.4), in the order in which it is shown.
//!
//! Where a piece of text begins far from the end of the one before, there is a space or a new line between them; where it
//! begins near, there is none, however the writer cut the text up.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::file::{File, find};
use super::font::Font;
use super::lexer::{Dict, Lexer, Value};
use super::strings::decoded;

/// Most operators of one file: a page of text has some thousand.
const OPERATORS_MAX: usize = 4_000_000;
/// Most values of one content stream.
const VALUES_MAX: usize = 4_000_000;
/// Most bytes of text of one file.
pub(super) const TEXT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Deepest nesting of forms within forms.
const FORMS_MAX: usize = 12;
/// Most operands of an operator; the rest is damage.
const OPERANDS_MAX: usize = 64;
/// Most saved states; a reader must bear 28 (annex C).
const SAVED_MAX: usize = 256;

/// What a page, or a stream of its own, shows.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) text: String,
    /// Characters that were shown, and those of them that have no text.
    pub(super) glyphs: usize,
    pub(super) unknown: usize,
    pub(super) has_image: bool,
    pub(super) has_drawing: bool,
}

/// Reads content streams, within what one file may take.
#[derive(Debug)]
pub(super) struct Reader {
    operators_left: usize,
    pub(super) text_left: usize,
    fonts: HashMap<u32, Rc<Font>>,
    /// Objects whose text was read.
    pub(super) seen: HashSet<u32>,
    /// The resources of the streams of pages, for what earlier revisions had in their place.
    pub(super) resources: HashMap<u32, Rc<Dict>>,
    pub(super) is_partial: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            operators_left: OPERATORS_MAX,
            text_left: TEXT_BYTES_MAX,
            fonts: HashMap::new(),
            seen: HashSet::new(),
            resources: HashMap::new(),
            is_partial: false,
        }
    }
}

/// A transformation: `x' = a x + c y + e`, `y' = b x + d y + f`.
type Matrix = [f64; 6];

const UNIT: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn times(m: Matrix, n: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = m;
    let [g, h, i, j, k, l] = n;
    [
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + l,
    ]
}

#[derive(Clone)]
struct State {
    matrix: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    scale: f64,
    leading: f64,
}

/// What is read at one level of forms.
struct Run<'r> {
    resources: &'r Dict,
    state: State,
    saved: Vec<State>,
    text: Matrix,
    line: Matrix,
    depth: usize,
}

impl Reader {
    /// Reads a content stream with its resources.
    pub(super) fn read(&mut self, file: &mut File<'_>, data: &[u8], resources: &Dict) -> Shown {
        let mut page = Page::default();
        let state = State {
            matrix: UNIT,
            font: None,
            size: 1.0,
            char_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
        };
        self.run(file, data, resources, state, 0, &mut page);
        self.text_left = self.text_left.saturating_sub(page.shown.text.len());
        if !page.extras.is_empty() {
            page.shown.text.push('\n');
            page.shown.text.push_str(&page.extras);
        }
        page.shown
    }

    fn run(
        &mut self,
        file: &mut File<'_>,
        data: &[u8],
        resources: &Dict,
        state: State,
        depth: usize,
        page: &mut Page,
    ) {
        let mut run = Run {
            resources,
            state,
            saved: Vec::new(),
            text: UNIT,
            line: UNIT,
            depth,
        };
        let mut lexer = Lexer::new(data, 0, VALUES_MAX);
        let mut operands: Vec<Value> = Vec::new();
        loop {
            let Some(value) = lexer.value() else {
                self.is_partial |= lexer.left == 0;
                return;
            };
            let Value::Word(operator) = value else {
                if operands.len() < OPERANDS_MAX {
                    operands.push(value);
                }
                continue;
            };
            let Some(left) = self.operators_left.checked_sub(1) else {
                self.is_partial = true;
                return;
            };
            self.operators_left = left;
            if page.shown.text.len().saturating_add(page.extras.len()) > self.text_left {
                self.is_partial = true;
                return;
            }
            if operator == "ID" {
                page.shown.has_image = true;
                lexer.at = image_end(data, lexer.at);
            } else {
                self.operator(file, &operator, &operands, &mut run, page);
            }
            operands.clear();
        }
    }

    fn operator(
        &mut self,
        file: &mut File<'_>,
        operator: &str,
        operands: &[Value],
        run: &mut Run<'_>,
        page: &mut Page,
    ) {
        let number = |index: usize| {
            operands
                .get(index)
                .and_then(Value::number)
                .unwrap_or_default()
        };
        match operator {
            "q" if run.saved.len() < SAVED_MAX => run.saved.push(run.state.clone()),
            "Q" => {
                if let Some(state) = run.saved.pop() {
                    run.state = state;
                }
            }
            "cm" => {
                let matrix = [0, 1, 2, 3, 4, 5].map(number);
                run.state.matrix = times(matrix, run.state.matrix);
            }
            "BT" => {
                run.text = UNIT;
                run.line = UNIT;
            }
            "Tf" => {
                run.state.size = number(1);
                if let Some(Value::Name(name)) = operands.first() {
                    run.state.font = self.font(file, run.resources, name);
                }
            }
            "Tc" => run.state.char_space = number(0),
            "Tw" => run.state.word_space = number(0),
            "Tz" => run.state.scale = number(0) / 100.0,
            "TL" => run.state.leading = number(0),
            "Tm" => {
                run.line = [0, 1, 2, 3, 4, 5].map(number);
                run.text = run.line;
            }
            "Td" | "TD" => {
                if operator == "TD" {
                    run.state.leading = -number(1);
                }
                run.next_line(number(0), number(1));
            }
            "T*" => run.next_line(0.0, -run.state.leading),
            "Tj" => run.show(operands.first(), page),
            "'" => {
                run.next_line(0.0, -run.state.leading);
                run.show(operands.first(), page);
            }
            "\"" => {
                run.state.word_space = number(0);
                run.state.char_space = number(1);
                run.next_line(0.0, -run.state.leading);
                run.show(operands.get(2), page);
            }
            "TJ" => {
                if let Some(Value::Array(items)) = operands.first() {
                    for item in items {
                        match item {
                            Value::Number(back) => {
                                let x = -back / 1000.0 * run.state.size * run.state.scale;
                                run.text = times([1.0, 0.0, 0.0, 1.0, x, 0.0], run.text);
                            }
                            item => run.show(Some(item), page),
                        }
                    }
                }
            }
            "Do" => {
                if let Some(Value::Name(name)) = operands.first() {
                    self.external(file, name, run, page);
                }
            }
            "BDC" | "DP" => {
                let properties = match operands.get(1) {
                    Some(Value::Name(name)) => file
                        .dict_at(run.resources, "Properties")
                        .and_then(|p| file.dict_at(p, name)),
                    Some(Value::Dict(dict)) => Some(dict),
                    _ => None,
                };
                for key in ["ActualText", "Alt", "E"] {
                    if let Some(Value::String(text)) = properties.and_then(|p| file.get(p, key)) {
                        page.extras.push_str(&decoded(text));
                        page.extras.push('\n');
                    }
                }
            }
            "S" | "s" | "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" | "sh" => {
                page.shown.has_drawing = true;
            }
            _ => {}
        }
    }

    fn font(&mut self, file: &mut File<'_>, resources: &Dict, name: &str) -> Option<Rc<Font>> {
        let value = file.dict_at(resources, "Font")?.get(name)?;
        let number = match value {
            Value::Reference(number) => Some(*number),
            _ => None,
        };
        if let Some(font) = number.and_then(|n| self.fonts.get(&n)) {
            return Some(Rc::clone(font));
        }
        let dict = file.dict(value)?.clone();
        let font = Rc::new(Font::read(file, &dict));
        if let Some(number) = number {
            self.fonts.insert(number, Rc::clone(&font));
        }
        Some(font)
    }

    /// An image, or a form: content of its own.
    fn external(&mut self, file: &mut File<'_>, name: &str, run: &Run<'_>, page: &mut Page) {
        let Some(Value::Reference(number)) = file
            .dict_at(run.resources, "XObject")
            .and_then(|objects| objects.get(name))
        else {
            return;
        };
        let number = *number;
        let Some(dict) = file
            .object(number)
            .and_then(|o| file.dict(&o.value))
            .cloned()
        else {
            return;
        };
        if dict.name("Subtype") == Some("Image") {
            page.shown.has_image = true;
            return;
        }
        // A form that is shown many times on a page says the same each time; one that contains itself says nothing more.
        if run.depth >= FORMS_MAX || !page.forms.insert(number) {
            return;
        }
        self.seen.insert(number);
        let Ok(data) = file.stream(number) else {
            return;
        };
        let resources = file.dict_at(&dict, "Resources").cloned();
        let mut state = run.state.clone();
        if let Some(Value::Array(items)) = file.get(&dict, "Matrix") {
            let at = |index: usize| items.get(index).and_then(Value::number).unwrap_or_default();
            state.matrix = times([0, 1, 2, 3, 4, 5].map(at), state.matrix);
        }
        let resources = resources.as_ref().unwrap_or(run.resources);
        self.run(
            file,
            &data,
            resources,
            state,
            run.depth.saturating_add(1),
            page,
        );
    }
}

impl Run<'_> {
    fn next_line(&mut self, x: f64, y: f64) {
        self.line = times([1.0, 0.0, 0.0, 1.0, x, y], self.line);
        self.text = self.line;
    }

    fn show(&mut self, string: Option<&Value>, page: &mut Page) {
        let Some(Value::String(string)) = string else {
            return;
        };
        let place = |run: &Self| {
            let [a, b, .., x, y] = times(run.text, run.state.matrix);
            let size = run.state.size.abs() * a.hypot(b);
            (x, y, a, b, size)
        };
        page.gap(place(self));
        let font = self
            .state
            .font
            .clone()
            .unwrap_or_else(|| Rc::new(Font::missing()));
        let mut advance = 0.0;
        for glyph in font.glyphs(string) {
            page.shown.glyphs = page.shown.glyphs.saturating_add(1);
            match glyph.text {
                Some(text) => page.shown.text.push_str(&text),
                None => {
                    page.shown.unknown = page.shown.unknown.saturating_add(1);
                    page.shown.text.push('\u{fffd}');
                }
            }
            let word_space = if glyph.code == 32 {
                self.state.word_space
            } else {
                0.0
            };
            advance +=
                (glyph.width / 1000.0 * self.state.size + self.state.char_space + word_space)
                    * self.state.scale;
            // Letters that are spaced out within a string are still one word; wide gaps are not.
        }
        self.text = times([1.0, 0.0, 0.0, 1.0, advance, 0.0], self.text);
        page.end = Some(place(self));
    }
}

/// What is gathered of a page.
#[derive(Default)]
struct Page {
    shown: Shown,
    /// What is said beside the text shown.
    extras: String,
    /// Where the last text ended: position, direction, size.
    end: Option<(f64, f64, f64, f64, f64)>,
    /// The forms that were shown.
    forms: HashSet<u32>,
}

impl Page {
    /// Puts a space or a line end where the next text begins away from the end of the last.
    fn gap(&mut self, (x, y, _, _, size): (f64, f64, f64, f64, f64)) {
        /// Of the size of the font: a space is a quarter of it wide, kerning a twentieth.
        const SPACE: f64 = 0.15;
        /// A step back, or up and down, that superscripts do not make.
        const LINE: f64 = 0.6;
        let Some((end_x, end_y, a, b, end_size)) = self.end else {
            return;
        };
        let norm = a.hypot(b);
        let size = size.max(end_size);
        if !(norm > 0.0 && size > 0.0) {
            self.separate(' ');
            return;
        }
        let (dx, dy) = (x - end_x, y - end_y);
        let along = (dx * a + dy * b) / norm;
        let across = (dy * a - dx * b) / norm;
        if across.abs() > size * LINE || along < -size * LINE {
            self.separate('\n');
        } else if along.is_nan() || along > size * SPACE {
            self.separate(' ');
        }
    }

    fn separate(&mut self, c: char) {
        let text = &mut self.shown.text;
        if !text.is_empty() && !text.ends_with(['\n', ' ']) || c == '\n' && text.ends_with(' ') {
            text.push(c);
        }
    }
}

/// Where the data of an image within a content stream ends: behind `EI` that stands alone.
fn image_end(data: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(found) = data.get(at..).and_then(|rest| find(rest, b"EI")) {
        let start = at.saturating_add(found);
        at = start.saturating_add(2);
        let is_space = |index: Option<usize>| {
            index
                .and_then(|i| data.get(i))
                .is_none_or(|b| super::lexer::is_space(*b))
        };
        if is_space(start.checked_sub(1)) && is_space(Some(at)) {
            return at;
        }
    }
    data.len()
}
