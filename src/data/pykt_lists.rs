//! What pykt's files have in common: windows of 200, lists padded with −1.

use super::MIN_INTERACTIONS;
use super::students::{Dataset, Student};

/// Window length of pykt's files.
pub(super) const MAXLEN: usize = 200;

/// One file of the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// File name, as pykt names it.
    pub name: &'static str,
    /// The whole content.
    pub content: String,
}

/// Non-overlapping windows of `length` interactions; what is left over is kept from [`MIN_INTERACTIONS`] on.
pub(super) fn chunks(length: usize) -> impl Iterator<Item = (std::ops::Range<usize>, usize)> {
    (0..length)
        .step_by(MAXLEN)
        .map(move |start| start..length.min(start + MAXLEN))
        .filter(|range| range.len() >= MIN_INTERACTIONS)
        .map(|range| (range, 0))
}

/// Times taken as pykt writes them.
pub(super) fn taken_texts(student: &Student, dataset: &Dataset) -> Vec<String> {
    let decimals = if dataset.taken_as_floats { ".0" } else { "" };
    student.taken.iter().map(|taken| format!("{taken}{decimals}")).collect()
}

/// Values joined by commas, with −1 at the end until there are `width`.
pub(super) fn list(values: impl IntoIterator<Item = impl ToString>, width: usize) -> String {
    let mut fields: Vec<String> = values.into_iter().map(|v| v.to_string()).collect();
    fields.resize_with(width.max(fields.len()), || "-1".to_owned());
    fields.join(",")
}
