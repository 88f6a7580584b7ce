//! CSV text built row by row: fields are quoted where they must be.

/// Builds a CSV text.
#[derive(Debug)]
pub struct CsvText(csv::Writer<Vec<u8>>);

impl CsvText {
    /// A text that begins with this header.
    pub fn new<F: AsRef<[u8]>>(header: impl IntoIterator<Item = F>) -> Self {
        let mut text = Self(csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()));
        text.row(header);
        text
    }

    /// Appends a row.
    pub fn row<F: AsRef<[u8]>>(&mut self, fields: impl IntoIterator<Item = F>) {
        // Writing into memory cannot fail, and rows may have any length.
        let _ = self.0.write_record(fields);
    }

    /// The text.
    pub fn finish(self) -> String {
        String::from_utf8(self.0.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let rows = [["student", "skill"], ["a,b", "say \"x\""], ["", "two\nlines"]];
        let mut text = CsvText::new(rows[0]);
        text.row(rows[1]);
        text.row(rows[2]);
        let text = text.finish();
        assert!(text.starts_with("student,skill\n"), "{text}");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let read: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(read.len(), 3);
        for (expected, row) in rows.iter().zip(&read) {
            assert_eq!(row.iter().collect::<Vec<_>>(), expected);
        }
    }
}
