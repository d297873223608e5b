//! Text as it looks: letters of other scripts that pass for those in which labels are written, marks on letters, and
//! letters in circles fold to plain ones. Only for the search for labels; nothing is stored or shown so.
//!
//! The table is the part of Unicode's `confusables.txt` (UTS #39, Unicode 18.0) whose prototypes are letters of the words
//! TLP, RED, AMBER, STRICT, GREEN, CLEAR, WHITE and EX:CHR, the colon and the plus sign, and the small capitals beside it. What
//! NFKC folds by itself, such as fullwidth and mathematical letters, is not repeated.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::formats::plain::plain;

/// The text in the letters that it seems to be written in; ASCII is as it is.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let enclosed: String = text.chars().map(|c| enclosed(c).unwrap_or(c)).collect();
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<char> = None;
    for c in plain(&enclosed).nfkd() {
        let letter = match ALIKE.get(&c) {
            _ if c.is_ascii() => c,
            // An upright stroke is an I or an L, as the letter before it says: only TLP and CLEAR have an L.
            Some(&STROKE) if matches!(pending, Some('t' | 'T' | 'c' | 'C')) => 'L',
            Some(&STROKE) => 'I',
            Some(letter) => *letter,
            None if is_combining_mark(c) => continue,
            None => c,
        };
        pending = Some(letter);
        out.push(letter);
    }
    Cow::Owned(out)
}

/// The letter in a circle, a square or brackets, or half a flag.
fn enclosed(c: char) -> Option<char> {
    // The first of each row of 26.
    const ROWS: [u32; 6] = [0x249c, 0x1f110, 0x1f130, 0x1f150, 0x1f170, 0x1f1e6];
    let code = u32::from(c);
    let index = ROWS
        .iter()
        .map(|first| code.wrapping_sub(*first))
        .find(|index| *index < 26)?;
    char::from_u32(u32::from('A').saturating_add(index))
}

/// Stands in the table for a character that may be an I or an L; the same character in a text is only itself.
const STROKE: char = '\0';

static ALIKE: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    LETTERS
        .iter()
        .flat_map(|(letter, alike)| alike.chars().map(|c| (c, *letter)))
        .collect()
});

const LETTERS: [(char, &str); 20] = [
    (
        'A',
        "\u{251}\u{391}\u{3b1}\u{410}\u{430}\u{13aa}\u{15c5}\u{1d00}\u{a4ee}\u{ab64}\u{102a0}\u{16f40}\
        \u{1ccd6}\u{1d6a8}\u{1d6c2}\u{1d6e2}\u{1d6fc}\u{1d71c}\u{1d736}\u{1d756}\u{1d770}\u{1d790}\
        \u{1d7aa}\u{1df40}\u{1df41}\u{1df5a}\u{1df6a}",
    ),
    (
        'B',
        "\u{180}\u{182}\u{183}\u{184}\u{253}\u{299}\u{392}\u{411}\u{412}\u{42c}\u{462}\u{463}\u{48c}\
        \u{48d}\u{7d5}\u{13cf}\u{13f4}\u{1472}\u{1473}\u{15af}\u{15f7}\u{2c82}\u{a4d0}\u{a557}\u{a69d}\
        \u{a7b4}\u{10282}\u{102a1}\u{10301}\u{1031c}\u{16eb6}\u{1ccd7}\u{1d6a9}\u{1d6e3}\u{1d71d}\
        \u{1d757}\u{1d791}",
    ),
    (
        'C',
        "\u{23c}\u{3f2}\u{3f9}\u{421}\u{441}\u{4aa}\u{4ab}\u{1004}\u{105a}\u{13df}\u{1c83}\u{1d04}\
        \u{2ca4}\u{2ca5}\u{a4da}\u{abaf}\u{102a2}\u{10302}\u{10415}\u{1043d}\u{1051b}\u{1ccd8}",
    ),
    (
        'D',
        "\u{d0}\u{110}\u{111}\u{189}\u{18b}\u{18c}\u{256}\u{257}\u{501}\u{13a0}\u{13e7}\u{146f}\u{15de}\
        \u{15ea}\u{1d05}\u{a4d2}\u{a4d3}\u{1ccd9}\u{1df2d}",
    ),
    (
        'E',
        "\u{246}\u{247}\u{395}\u{415}\u{435}\u{4bd}\u{4bf}\u{13ac}\u{1d07}\u{212e}\u{2d39}\u{a4f0}\
        \u{a5cb}\u{ab32}\u{10286}\u{118a6}\u{118ae}\u{1ccda}\u{1d6ac}\u{1d6e6}\u{1d720}\u{1d75a}\
        \u{1d794}\u{1df81}",
    ),
    (
        'G',
        "\u{18d}\u{1e4}\u{1e5}\u{260}\u{261}\u{262}\u{50c}\u{581}\u{13c0}\u{13f3}\u{1d83}\u{1da2}\u{a4d6}\
        \u{1ccdc}\u{1df45}",
    ),
    (
        'H',
        "\u{126}\u{127}\u{266}\u{29c}\u{397}\u{41d}\u{45b}\u{4a2}\u{4ba}\u{4bb}\u{4c7}\u{4c9}\u{570}\
        \u{10b9}\u{13bb}\u{13c2}\u{13f2}\u{157c}\u{1d78}\u{210f}\u{2c67}\u{2c8e}\u{a4e7}\u{a695}\
        \u{102cf}\u{1ccdd}\u{1d6ae}\u{1d6e8}\u{1d722}\u{1d75c}\u{1d796}\u{1df32}\u{1df46}\u{1df47}",
    ),
    (
        'I',
        "\u{131}\u{268}\u{269}\u{26a}\u{3b9}\u{456}\u{582}\u{13a5}\u{1d7b}\u{1d7c}\u{2c93}\u{a647}\
        \u{ab75}\u{118c3}\u{1d6a4}\u{1d6ca}\u{1d704}\u{1d73e}\u{1d778}\u{1d7b2}",
    ),
    (
        'L',
        "\u{141}\u{29f}\u{13de}\u{14aa}\u{2cd0}\u{a4e1}\u{1041b}\u{10526}\u{118a3}\u{118b2}\u{16f16}\
        \u{1cce1}",
    ),
    (
        'M',
        "\u{271}\u{39c}\u{3fa}\u{41c}\u{4cd}\u{560}\u{13b7}\u{15f0}\u{16d6}\u{1d0d}\u{1d6f}\u{2c98}\
        \u{a4df}\u{ab51}\u{102b0}\u{10311}\u{10c21}\u{11700}\u{1cce2}\u{1d6b3}\u{1d6ed}\u{1d727}\
        \u{1d761}\u{1d79b}\u{1df4a}\u{1df4b}\u{1df4c}",
    ),
    (
        'N',
        "\u{14b}\u{19d}\u{19e}\u{272}\u{273}\u{274}\u{39d}\u{3b7}\u{572}\u{578}\u{57c}\u{1d70}\u{2c9a}\
        \u{a4e0}\u{10513}\u{11abe}\u{1cce3}\u{1d6b4}\u{1d6c8}\u{1d6ee}\u{1d702}\u{1d728}\u{1d73c}\
        \u{1d762}\u{1d776}\u{1d79c}\u{1d7b0}\u{1df4d}\u{1df4e}\u{1df4f}",
    ),
    (
        'P',
        "\u{de}\u{fe}\u{1a5}\u{1bf}\u{3a1}\u{3c1}\u{3f1}\u{3f8}\u{420}\u{440}\u{13e2}\u{146d}\u{1d18}\u{1d7d}\
        \u{2ca2}\u{2ca3}\u{2cce}\u{2ccf}\u{a4d1}\u{10295}\u{1cce5}\u{1d6b8}\u{1d6d2}\u{1d6e0}\u{1d6f2}\
        \u{1d70c}\u{1d71a}\u{1d72c}\u{1d746}\u{1d754}\u{1d766}\u{1d780}\u{1d78e}\u{1d7a0}\u{1d7ba}\
        \u{1d7c8}",
    ),
    (
        'R',
        "\u{1a6}\u{24c}\u{24d}\u{27c}\u{27d}\u{280}\u{433}\u{493}\u{13a1}\u{13d2}\u{1587}\u{1d26}\u{1d72}\
        \u{2c85}\u{a4e3}\u{ab47}\u{ab48}\u{ab81}\u{104b4}\u{16a19}\u{16f35}\u{1cce7}\u{1df37}",
    ),
    (
        'S',
        "\u{1bd}\u{282}\u{405}\u{455}\u{54f}\u{d1f}\u{10bd}\u{10fd}\u{13d5}\u{13da}\u{1cbd}\u{1d74}\
        \u{a4e2}\u{a576}\u{a731}\u{a7c5}\u{abaa}\u{10296}\u{10420}\u{10448}\u{118c1}\u{16ad6}\u{16f3a}\
        \u{1cce8}",
    ),
    (
        'T',
        "\u{166}\u{167}\u{1ab}\u{1ad}\u{1ae}\u{23e}\u{3a4}\u{422}\u{4ac}\u{7e0}\u{13a2}\u{13bf}\u{1d1b}\
        \u{1d75}\u{2ca6}\u{3112}\u{4e05}\u{a4d4}\u{a50b}\u{a68c}\u{10297}\u{102b1}\u{10315}\u{118bc}\
        \u{16f0a}\u{1cce9}\u{1d6bb}\u{1d6f5}\u{1d72f}\u{1d769}\u{1d7a3}",
    ),
    (
        'W',
        "\u{26f}\u{448}\u{461}\u{47d}\u{51c}\u{51d}\u{561}\u{13b3}\u{13d4}\u{1d21}\u{2cbd}\u{a4ea}\
        \u{a761}\u{a7fa}\u{ab83}\u{aba4}\u{114c5}\u{1170a}\u{1170e}\u{1170f}\u{1ccec}\u{1df3f}\u{1df7d}",
    ),
    ('X', "\u{3a7}\u{425}\u{445}\u{4b2}\u{a4eb}\u{a7b3}\u{2cac}"),
    (
        STROKE,
        "\u{142}\u{196}\u{197}\u{19a}\u{1c0}\u{26b}\u{26d}\u{399}\u{406}\u{4c0}\u{4cf}\u{5d5}\u{5df}\
        \u{627}\u{673}\u{7ca}\u{16c1}\u{16c5}\u{16d0}\u{2c92}\u{2d4a}\u{2d4f}\u{a4f2}\u{a56f}\u{a781}\
        \u{a7ae}\u{a7fe}\u{fd3c}\u{fd3d}\u{fe81}\u{fe82}\u{fe87}\u{fe88}\u{fe8d}\u{fe8e}\u{1028a}\
        \u{10309}\u{1050e}\u{10926}\u{10c3e}\u{10ca5}\u{113d4}\u{11dda}\u{11de1}\u{16ae4}\u{16d63}\
        \u{16eaa}\u{16f28}\u{1ccde}\u{1ccf1}\u{1d6b0}\u{1d6ea}\u{1d724}\u{1d75e}\u{1d798}\u{1df6e}\
        \u{1ee00}\u{1ee80}",
    ),
    (
        ':',
        "\u{2d0}\u{2f8}\u{589}\u{5c3}\u{703}\u{704}\u{831}\u{903}\u{a83}\u{1361}\u{1393}\u{16ec}\u{1803}\
        \u{1809}\u{205a}\u{2236}\u{a4fd}\u{a789}\u{1015b}\u{10af5}\u{11002}\u{11082}\u{11182}\u{1123a}\
        \u{115be}\u{116ac}\u{11838}\u{11dd9}\u{1d108}",
    ),
    (
        '+',
        "\u{1429}\u{1540}\u{16ed}\u{2214}\u{2795}\u{2a22}\u{2a23}\u{2a24}\u{2a25}\u{2a26}\u{1029b}\
        \u{11055}\u{16869}\u{1e6e9}",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_other_scripts_fold_to_those_that_they_look_like() {
        for text in [
            "ТLР:АМВЕR",
            "ΤLΡ:ΑΜΒΕR",
            "ᎢᏞᏢ:ᎪᎷᏴᎬᎡ",
            "ᴛʟᴘ:ᴀᴍʙᴇʀ",
            "ＴＬＰ：ＡＭＢＥＲ",
            "𝕋𝕃ℙ:𝔸𝕄𝔹𝔼ℝ",
            "ⓉⓁⓅ:ⒶⓂⒷⒺⓇ",
            "🆃🅻🅿:🅐🅜🅑🅔🅡",
            "🇹🇱🇵:🇦🇲🇧🇪🇷",
            "⒯⒧⒫:⒜⒨⒝⒠⒭",
            "T\u{301}L\u{336}P\u{489}:A\u{fe0f}M\u{ad}B\u{202e}E\u{e0041}R",
            "ŦŁÞ:ÁMBÉŘ",
            "TΙP:AMBER",
            "TLP\u{2236}AMBER",
        ] {
            assert_eq!(folded(text).to_ascii_uppercase(), "TLP:AMBER", "{text}");
        }
        assert_eq!(
            folded("ЅТRІСТ СLЕАR WНІТЕ GRЕЕN"),
            "STRICT CLEAR WHITE GREEN"
        );
    }

    #[test]
    fn ascii_is_not_copied() {
        assert!(matches!(folded("TLP:RED"), Cow::Borrowed("TLP:RED")));
    }
}
