//! Bytes to text lines: gzip, byte-order mark, delimiter and Latin-1, found out from the bytes.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::{DataError, Error, Result};

const PEEK: usize = 64 * 1024;
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// What pandas, and so pykt, reads as "no value".
const MISSING: &[&str] =
    &["", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None", "<NA>", "#N/A", "#NA"];

/// Whether a trimmed field has no value.
pub(super) fn is_missing(text: &str) -> bool {
    MISSING.contains(&text)
}

/// Bytes of a line, at the most: a file that is no text would fill the memory.
const MAX_LINE: usize = 64 << 20;

/// A reader that fails where a line is too long.
struct LimitedLines<R> {
    inner: R,
    /// Bytes since the last end of a line.
    line: usize,
}

impl<R: Read> Read for LimitedLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let end = buffer[..count].iter().rposition(|&b| b == b'\n' || b == b'\r');
        self.line = end.map_or(self.line + count, |end| count - end - 1);
        if self.line > MAX_LINE {
            let problem = format!("a line is longer than {} MB; is this a text file?", MAX_LINE >> 20);
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, problem));
        }
        Ok(count)
    }
}

/// A delimited text file opened for reading record by record.
pub struct TextSource<'a> {
    /// Name used in error messages.
    pub file: String,
    reader: csv::Reader<Box<dyn Read + 'a>>,
}

impl<'a> TextSource<'a> {
    /// Opens `input`, undoing gzip and a UTF-8 byte-order mark, and sniffs the delimiter.
    ///
    /// # Errors
    /// An empty file, an unreadable gzip stream, or UTF-16 text.
    pub fn open(file: &str, input: impl Read + 'a) -> Result<Self> {
        let mut raw = BufReader::with_capacity(PEEK, input);
        let magic = raw.fill_buf().map_err(|e| Error::io(file, e))?;
        let mut plain: Box<dyn BufRead + 'a> = if magic.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::with_capacity(PEEK, MultiGzDecoder::new(raw)))
        } else {
            Box::new(raw)
        };
        let head = plain.fill_buf().map_err(|e| read_error(file, &e))?;
        if head.is_empty() {
            return Err(Error::data(file, "the file is empty; expected a header line with column names"));
        }
        if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return Err(Error::data(file, "the text is UTF-16; save it as UTF-8 or Latin-1"));
        }
        if head.starts_with(&[0xef, 0xbb, 0xbf]) {
            plain.consume(3);
        }
        let head = plain.fill_buf().map_err(|e| read_error(file, &e))?;
        let line_end = head.iter().position(|&b| b == b'\n' || b == b'\r').unwrap_or(head.len());
        let reader = csv::ReaderBuilder::new()
            .delimiter(sniff(&head[..line_end]))
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(PEEK)
            .from_reader(Box::new(LimitedLines { inner: plain, line: 0 }) as Box<dyn Read + 'a>);
        Ok(Self { file: file.to_owned(), reader })
    }

    /// Reads the header: trimmed column names.
    ///
    /// # Errors
    /// No header, an empty one, or a name that stands twice.
    pub fn header(&mut self) -> Result<Vec<String>> {
        let mut record = csv::ByteRecord::new();
        if !self.next(&mut record)? {
            return Err(Error::data(&self.file, "the file is empty; expected a header line with column names"));
        }
        let names: Vec<String> = record.iter().map(|f| decode(f).trim().to_owned()).collect();
        for (i, name) in names.iter().enumerate() {
            // DataShop repeats a column of knowledge components for each skill of an answer.
            let repeated = name.starts_with("KC ");
            if !name.is_empty() && !repeated && names[..i].contains(name) {
                let problem = "the header names this column twice; rename or remove one";
                return Err(Error::data_at(&self.file, 1, Some(name), problem));
            }
        }
        Ok(names)
    }

    /// Reads the next record into `record`; false at the end of the file.
    ///
    /// # Errors
    /// A damaged gzip stream, a failed read, or a NUL byte.
    pub fn next(&mut self, record: &mut csv::ByteRecord) -> Result<bool> {
        let more = self.reader.read_byte_record(record).map_err(|e| match e.kind() {
            csv::ErrorKind::Io(io) => read_error(&self.file, io),
            _ => Error::data_at(&self.file, self.reader.position().line(), None, e.to_string()),
        })?;
        if more && record.as_slice().contains(&0) {
            let problem = "found a NUL byte, expected text; the file is binary or damaged";
            return Err(Error::data_at(&self.file, line_of(record), None, problem));
        }
        Ok(more)
    }
}

/// 1-based line a record begins on.
pub(super) fn line_of(record: &csv::ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

/// Characters of the bytes 0x80 to 0x9f in windows-1252, as the WHATWG encoding standard has them; all other bytes are
/// characters of the same number. A library for this brings the tables of every other encoding into the page.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// UTF-8 where the bytes are valid UTF-8, else Latin-1 (windows-1252).
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let character = |&byte: &u8| match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes.iter().map(character).collect(),
    }
}

fn sniff(header: &[u8]) -> u8 {
    let count = |d: u8| {
        let mut quoted = false;
        header
            .iter()
            .filter(|&&b| {
                quoted ^= b == b'"';
                b == d && !quoted
            })
            .count()
    };
    // The earlier delimiter wins a tie, so a lone column falls back to the comma.
    DELIMITERS.into_iter().rev().max_by_key(|&d| count(d)).unwrap_or(b',')
}

fn read_error(file: &str, error: &std::io::Error) -> Error {
    use std::io::ErrorKind;
    let problem = match error.kind() {
        ErrorKind::UnexpectedEof => "the gzip stream ends too early; the file is truncated, fetch it again".to_owned(),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            format!("the gzip stream is damaged ({error}); fetch the file again")
        }
        _ => format!("reading failed: {error}"),
    };
    Error::Data(DataError { file: file.to_owned(), problem, ..DataError::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_utf_8_is_windows_1252() {
        assert_eq!(decode("Größe €".as_bytes()), "Größe €");
        assert_eq!(decode(b"Gr\xf6\xdfe \x80 \x93a\x94"), "Größe € “a”");
        // Python's cp1252, but for the five bytes it refuses.
        assert_eq!(decode(b"\x8a\x9f\xa0\xff"), "ŠŸ\u{a0}ÿ");
    }
}
