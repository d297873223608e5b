use super::*;
use crate::formats::{Limits, read as read_document};
use flate2::{Compression, write::ZlibEncoder};
use std::io::Write;

/// Writes a file of these objects, each what stands between `obj` and `endobj`; the first is the catalog.
fn file(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    for (index, object) in objects.iter().enumerate() {
        out.extend(format!("{} 0 obj\n", index + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    out.extend(format!("trailer\n<</Root 1 0 R {trailer}>>\nstartxref\n0\n%%EOF\n").bytes());
    out
}

fn object(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("<<{dict} /Length {}>>\nstream\n", data.len()).into_bytes();
    out.extend(data);
    out.extend(b"\nendstream");
    out
}

fn flate(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A file of one page with this content; objects 5 and on are what is given besides.
fn page_with(content: Vec<u8>, resources: &str, more: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut objects = vec![
        object("<</Type /Catalog /Pages 2 0 R>>"),
        object("<</Type /Pages /Kids [3 0 R] /Count 1>>"),
        object(&format!(
            "<</Type /Page /Parent 2 0 R /Contents 4 0 R /Resources <<{resources}>>>>"
        )),
        content,
    ];
    objects.extend(more.iter().cloned());
    file(&objects, trailer)
}

const HELVETICA_F: &str = "/Font <</F <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>>";

fn page(content: &str) -> Vec<u8> {
    page_with(stream("", content.as_bytes()), HELVETICA_F, &[], "")
}

fn passages(bytes: &[u8]) -> Vec<(String, String)> {
    let read = extracted(bytes);
    assert_eq!(read.unsearchable, []);
    read.body
        .passages
        .into_iter()
        .map(|p| (p.place, p.text.trim().to_owned()))
        .collect()
}

fn text(bytes: &[u8]) -> String {
    passages(bytes)
        .into_iter()
        .filter(|(place, _)| place == "page:1")
        .map(|(_, text)| text)
        .collect()
}

fn unsearchable(bytes: &[u8]) -> Vec<String> {
    let read = extracted(bytes);
    read.unsearchable.into_iter().map(|p| p.place).collect()
}

#[test]
fn a_pdf_is_known_by_its_head_and_has_its_title_from_its_metadata() {
    let bytes = page_with(
        stream("", b"BT /F 12 Tf (First line) Tj ET"),
        HELVETICA_F,
        &[object("<</Title (A wave of mail) /Author (Acme Energie)>>")],
        "/Info 5 0 R",
    );
    for prefix in [&b""[..], b"\n\n", b"\xef\xbb\xbf"] {
        let bytes = Bytes::from([prefix, &bytes].concat());
        let document = read_document(&bytes, &Limits::default()).unwrap();
        assert_eq!(document.format, Format::Pdf);
        assert_eq!(document.title, "A wave of mail");
        assert_eq!(document.kind, Kind::Report);
        assert_eq!(document.bytes, bytes);
        assert_eq!(document.identity.len(), 64);
        assert!(document.text().contains("Acme Energie"));
        assert_eq!(document.problems, []);
    }
    let document = read(Bytes::from(page("BT /F 12 Tf (First line) Tj ET")));
    assert_eq!(document.title, "First line");
    let text = Bytes::from_static(b"a note about the magic %PDF- of files");
    let document = read_document(&text, &Limits::default()).unwrap();
    assert_eq!(document.format, Format::Text);
}

#[test]
fn text_is_whole_however_its_writer_cut_it_up() {
    for (content, expected) in [
        ("BT /F 12 Tf (TLP:RED) Tj ET", "TLP:RED"),
        ("BT /F 12 Tf [(T)-20(LP)30(:R)(ED)] TJ ET", "TLP:RED"),
        ("BT /F 12 Tf [(one)-300(two)] TJ ET", "one two"),
        // Each letter at its own place: T is 611 wide, L 556.
        (
            "BT /F 10 Tf 0 0 Td (T) Tj 6.11 0 Td (L) Tj 5.56 0 Td (P) Tj ET",
            "TLP",
        ),
        (
            "BT /F 10 Tf 1 0 0 1 50 700 Tm (T) Tj 1 0 0 1 56.11 700 Tm (LP) Tj ET",
            "TLP",
        ),
        ("BT /F 10 Tf (one) Tj 0 -12 Td (two) Tj ET", "one\ntwo"),
        (
            "BT /F 10 Tf 12 TL (one) Tj (two) ' T* (three) Tj ET",
            "one\ntwo\nthree",
        ),
        (
            "q 2 0 0 2 0 0 cm BT /F 10 Tf (T) Tj ET Q q 2 0 0 2 12.22 0 cm BT /F 10 Tf (L) Tj ET Q",
            "TL",
        ),
        ("BT /F 10 Tf <544C50> Tj (\\072\\122ED) Tj ET", "TLP:RED"),
        ("BT /F 10 Tf (a\\(b\\)\\\nc) Tj ET % (no)", "a(b)c"),
        ("/Span <</ActualText <FEFF0054004C0050>>> BDC EMC", "TLP"),
        (
            "BI /W 1 /H 1 /BPC 8 /CS /G ID \x01\x02EI (x) Tj\n EI BT /F 10 Tf (y) Tj ET",
            "y",
        ),
    ] {
        assert_eq!(text(&page(content)), expected, "{content}");
    }
}

#[test]
fn streams_are_unpacked_in_each_of_the_ways() {
    let content = b"BT /F 12 Tf (TLP:AMBER) Tj ET";
    let hex: String = content.iter().map(|b| format!("{b:02X}")).collect();
    let mut run_length = vec![u8::try_from(content.len() - 1).unwrap()];
    run_length.extend(content);
    run_length.push(128);
    let twice = flate(format!("{hex}>").as_bytes());
    for (filter, data) in [
        ("/FlateDecode", flate(content)),
        ("[/Fl]", flate(content)),
        ("/ASCIIHexDecode", hex.into_bytes()),
        ("/RunLengthDecode", run_length),
        ("[/FlateDecode /ASCIIHexDecode]", twice),
        // By reportlab and by the example of ISO 32000-1 §7.4.4.2.
    ] {
        let bytes = page_with(
            stream(&format!("/Filter {filter}"), &data),
            HELVETICA_F,
            &[],
            "",
        );
        assert_eq!(text(&bytes), "TLP:AMBER", "{filter}");
    }
    assert_eq!(
        filter::unpack(
            "LZWDecode",
            &[0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01],
            100
        ),
        Ok(vec![45, 45, 45, 45, 45, 65, 45, 45, 45, 66])
    );
    assert_eq!(
        filter::unpack("ASCII85Decode", b"9jqo^BlbD-BleB1DJ+*+F(f,q~>", 100),
        Ok(b"Man is distinguished".to_vec())
    );
}

#[test]
fn fonts_say_what_their_codes_mean() {
    let map = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange \
        2 beginbfchar <0003> <0054> <0004> <004C0050> endbfchar \
        2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<003A> <00520045>] endbfrange endcmap";
    let bytes = page_with(
        stream("", b"BT /G 10 Tf <0003 0004 0020 0021 0013> Tj ET BT /S 10 Tf (\x01\x02\x03A) Tj /W 10 Tf (\x80\xfc) Tj ET"),
        "/Font <</G 5 0 R /S 7 0 R /W 8 0 R>>",
        &[
            object("<</Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts [<</DW 500>>]>>"),
            stream("", map),
            object("<</Type /Font /Subtype /Type1 /Encoding <</Differences [1 /T /colon /eacute]>>>>"),
            object("<</Type /Font /Subtype /TrueType /Encoding /WinAnsiEncoding>>"),
        ],
        "",
    );
    let read = text(&bytes).replace(['\n', ' '], "");
    assert_eq!(read, "TLP:RE\u{fffd}T:e\u{301}A€ü");
}

#[test]
fn metadata_notes_forms_and_earlier_revisions_are_read() {
    let xmp = b"<x:xmpmeta><rdf:li xml:lang='x-default'>Said &lt;b&gt;</rdf:li><a pdf:Keywords=\"by Acme\"/></x:xmpmeta>";
    let mut bytes = page_with(
        stream("", b"BT /F 12 Tf (Body) Tj ET /X Do"),
        &format!("{HELVETICA_F} /XObject <</X 5 0 R>>"),
        &[
            stream(
                &format!("/Type /XObject /Subtype /Form /Resources <<{HELVETICA_F}>>"),
                b"BT /F 9 Tf (Stamp) Tj ET /X Do",
            ),
            stream("/Type /Metadata /Subtype /XML", xmp),
            object("<</Type /Annot /Subtype /Text /Contents <FEFF004E006F00740065>>>"),
            object("<</Title (Old title)>>"),
            stream("/Type /EmbeddedFile", b"attached text"),
        ],
        "/Info 8 0 R",
    );
    bytes.extend(
        b"4 0 obj\n<</Length 25>>\nstream\nBT /F 12 Tf (New) Tj ET /X Do\nendstream\nendobj\n",
    );
    bytes.extend(b"8 0 obj\n<</Title (New title)>>\nendobj\n");
    let read = extracted(&bytes);
    assert_eq!(read.unsearchable, []);
    assert_eq!(read.title, "New title");
    let of = |place: &str| {
        let texts: Vec<&str> = read
            .body
            .passages
            .iter()
            .filter(|p| p.place == place)
            .map(|p| p.text.as_str())
            .collect();
        texts.join("|")
    };
    assert!(of("page:1").contains("New") && of("page:1").contains("Stamp"));
    assert!(!of("page:1").contains("Body"));
    // What a reader that repairs the file would show.
    assert!(of("object:4").contains("Body"), "{:?}", read.body.passages);
    for said in ["Said <b>", "by Acme", "Note", "Old title", "New title"] {
        assert!(of("metadata").contains(said), "{said}");
    }
    assert_eq!(of("object:9"), "attached text");
}

#[test]
fn objects_in_object_streams_are_read_with_and_without_a_predictor() {
    let packed =
        b"1 0 2 33 <</Type /Catalog /Pages 2 0 R>> <</Type /Pages /Kids [3 0 R] /Count 1>>";
    let plain = flate(packed);
    // Each row of ten bytes less the one above it.
    let mut rows = Vec::new();
    let mut above = [0u8; 10];
    for row in packed.chunks(10) {
        rows.push(2);
        for (index, byte) in row.iter().enumerate() {
            rows.push(byte.wrapping_sub(above[index]));
        }
        above[..row.len()].copy_from_slice(row);
    }
    let predicted = flate(&rows);
    for (parameters, data) in [
        ("", plain),
        ("/DecodeParms <</Predictor 12 /Columns 10>>", predicted),
    ] {
        let mut bytes = b"%PDF-1.5\n".to_vec();
        bytes.extend(b"3 0 obj <</Type /Page /Contents 4 0 R>> endobj\n4 0 obj\n");
        bytes.extend(stream("", b"BT (TLP:GREEN) Tj ET"));
        bytes.extend(b"\nendobj\n5 0 obj\n");
        bytes.extend(stream(
            &format!("/Type /ObjStm /N 2 /First 9 /Filter /FlateDecode {parameters}"),
            &data,
        ));
        bytes.extend(b"\nendobj\n6 0 obj <</Type /XRef /Root 1 0 R>> endobj");
        assert_eq!(text(&bytes), "TLP:GREEN", "{parameters}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_page() {
    let image = "/XObject <</I 5 0 R>>";
    let picture = stream(
        "/Type /XObject /Subtype /Image /Filter /DCTDecode",
        b"\xff\xd8\xff",
    );
    let bytes = page_with(stream("", b"/I Do"), image, &[picture], "");
    assert_eq!(unsearchable(&bytes), ["page:1"]);
    assert_eq!(unsearchable(&page("0 0 m 10 10 l S")), ["page:1"]);
    assert_eq!(unsearchable(&page("")), [""; 0]);
    let no_map = page_with(
        stream("", b"BT /G 10 Tf <00010002000300040005> Tj ET"),
        "/Font <</G <</Subtype /Type0 /Encoding /Identity-H>>>>",
        &[],
        "",
    );
    assert_eq!(unsearchable(&no_map), ["page:1"]);
    let encrypted = page_with(
        stream("", b"BT (x) Tj ET"),
        "",
        &[],
        "/Encrypt <</Filter /Standard>>",
    );
    assert_eq!(unsearchable(&encrypted), [""]);
    let attached = page_with(
        stream("", b"BT (x) Tj ET"),
        "",
        &[stream("/Type /EmbeddedFile", b"PK\x03\x04\0\0\0")],
        "",
    );
    assert_eq!(unsearchable(&attached), ["object:5"]);
    assert_eq!(unsearchable(b"%PDF-1.7\nnothing"), [""]);
}

#[test]
fn bombs_end_at_the_bounds() {
    // A stream of a thousand times its size, many times over.
    let bomb = flate(&vec![b' '; 20 << 20]);
    let many: Vec<Vec<u8>> = (0..50)
        .map(|_| stream("/Filter /FlateDecode", &bomb))
        .collect();
    let contents: String = (5..55).map(|n| format!("{n} 0 R ")).collect();
    let mut objects = vec![
        object("<</Type /Catalog /Pages 2 0 R>>"),
        object("<</Type /Pages /Kids [3 0 R]>>"),
        object(&format!("<</Type /Page /Contents [{contents}]>>")),
        object("null"),
    ];
    objects.extend(many);
    assert!(!unsearchable(&file(&objects, "")).is_empty());

    // Deep values, a number of an object that is huge, a circle of references, of pages, of forms.
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for objects in [
        vec![object(&deep)],
        vec![object(&"<</A ".repeat(100_000))],
        vec![object("<</Type /Catalog /Pages 2 0 R>>"), object("2 0 R")],
        vec![
            object("<</Type /Catalog /Pages 2 0 R>>"),
            object("<</Type /Pages /Kids [2 0 R 2 0 R]>>"),
        ],
        vec![
            object("<</Type /Catalog /Pages 2 0 R>>"),
            object("<</Type /Pages /Kids [3 0 R]>>"),
            object("<</Type /Page /Contents 4 0 R /Resources <</XObject <</X 4 0 R>>>>>>"),
            stream("/Subtype /Form", b"/X Do /X Do"),
        ],
        vec![object(
            "<</Type /ObjStm /N 4294967296 /First 99999999999>>\nstream\n\nendstream",
        )],
    ] {
        extracted(&file(&objects, "/Prev 5 /Size 99999999999999999999"));
    }
    extracted(b"%PDF-1.7 99999999999999999999 0 obj <<>> endobj");

    // Each form shows the next one twice.
    let names: String = (0..12).map(|n| format!("/X{n} {} 0 R ", n + 5)).collect();
    let resources = format!("/XObject <<{names}>>");
    let forms: Vec<Vec<u8>> = (0..12)
        .map(|n| {
            let next = n + 1;
            let shows = format!("/X{next} Do ").repeat(100);
            stream(
                &format!("/Subtype /Form /Resources <<{resources}>>"),
                shows.as_bytes(),
            )
        })
        .collect();
    extracted(&page_with(stream("", b"/X0 Do"), &resources, &forms, ""));
}

#[test]
fn what_would_take_the_square_of_its_size_in_time_stops() {
    for (piece, count) in [
        ("1 0 obj (", 100_000),
        ("1 0 obj [", 100_000),
        ("1 0 obj <</A ", 100_000),
        ("1 0 obj <<>> stream\n", 100_000),
        ("1 0 obj <", 100_000),
        ("trailer (", 100_000),
    ] {
        let bytes = format!("%PDF-1.7\n{}", piece.repeat(count));
        assert!(!unsearchable(bytes.as_bytes()).is_empty(), "{piece}");
    }
}

#[test]
fn lines_flow_and_parted_words_are_whole() {
    assert_eq!(
        flowing("by Acme\n Ener-\ngie and\nE-\nMail"),
        "by Acme Energie and E- Mail"
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000),
    ) {
        let mut file = b"%PDF-1.7\n1 0 obj\n".to_vec();
        file.extend(&bytes);
        extracted(&file);
        extracted(&page_with(stream("", &bytes), HELVETICA_F, &[stream("/Type /ObjStm /N 9 /First 4", &bytes)], ""));
        for filter in ["FlateDecode", "LZWDecode", "ASCII85Decode", "ASCIIHexDecode", "RunLengthDecode"] {
            let _ = filter::unpack(filter, &bytes, 10_000);
        }
        filter::predicted(bytes.clone(), 15, 7, 3);
    }

    #[test]
    fn damage_to_a_file_is_borne(
        edits in proptest::collection::vec((0usize..1000, proptest::prelude::any::<u8>()), 1..8),
    ) {
        let mut bytes = page_with(
            stream("/Filter /FlateDecode", &flate(b"q BT /F 12 Tf [(T)-20(LP)] TJ 10 20 Td (x) ' ET Q /X Do")),
            &format!("{HELVETICA_F} /XObject <</X 5 0 R>>"),
            &[stream("/Subtype /Form /Matrix [1 0 0 1 0 0]", b"BT (y) Tj ET")],
            "/Info <</Title (t)>>",
        );
        for (at, byte) in edits {
            let len = bytes.len();
            bytes[at % len] = byte;
        }
        extracted(&bytes);
    }
}
