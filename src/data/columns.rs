//! Which column of a raw file means what: the names the user gave first, then the names data sets commonly use.

use crate::error::{Error, Result, quote};

/// Column names given by the user; what is `None` is looked for by common name.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnNames {
    /// Student id.
    pub student: Option<String>,
    /// Skill id, or several joined by `_`.
    pub skill: Option<String>,
    /// Response, 0 or 1.
    pub response: Option<String>,
    /// Order of a student's answers: a number or a sortable time.
    pub order: Option<String>,
    /// Item (question, problem) id.
    pub item: Option<String>,
    /// The raw format, where it shall not be told from the header ([`super::format_names`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

const STUDENT: &[&str] =
    &["user_id", "student_id", "studentid", "uid", "user", "student", "anon_student_id", "learner_id"];
const SKILL: &[&str] = &[
    "skill_id",
    "sequence_id",
    "concept_id",
    "kc_id",
    "skill",
    "concept",
    "concepts",
    "kc",
    "kc(default)",
    "knowledge_component",
    "skill_name",
];
const RESPONSE: &[&str] = &[
    "correct",
    "response",
    "is_correct",
    "iscorrect",
    "answered_correctly",
    "correct_first_attempt",
    "first_attempt",
    "outcome",
    "label",
];
const ORDER: &[&str] = &[
    "log_id",
    "order_id",
    "timestamp",
    "order",
    "start_time",
    "time",
    "datetime",
    "step",
    "position",
    "first_transaction_time",
];
const ITEM: &[&str] = &["problem_id", "item_id", "question_id", "exercise_id", "item", "question", "problem"];
const NAME: &[&str] = &["skill_name", "concept_name", "kc_name"];

/// Positions of the columns in a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnIndex {
    pub student: usize,
    pub skill: usize,
    pub response: usize,
    pub order: Option<usize>,
    pub item: Option<usize>,
    pub skill_name: Option<usize>,
}

impl ColumnNames {
    /// Finds every column in `header`.
    ///
    /// # Errors
    /// A named column that is not there, or no column of a needed kind.
    pub(super) fn locate(&self, file: &str, header: &[String]) -> Result<ColumnIndex> {
        let find = |wanted: &Option<String>, common: &[&str], what: &str| {
            let place = |name: &str| header.iter().position(|h| same(h, name));
            match wanted {
                Some(name) => match header.iter().position(|h| h == name).or_else(|| place(name)) {
                    Some(i) => Ok(Some(i)),
                    None => {
                        let problem =
                            format!("no column {} for the {what}; the file has {}", quote(name), listing(header));
                        Err(Error::data_at(file, 1, None, problem))
                    }
                },
                None => Ok(common.iter().find_map(|name| place(name))),
            }
        };
        let need = |found: Option<usize>, common: &[&str], what: &str| {
            found.ok_or_else(|| {
                let problem = format!(
                    "no column for the {what} (looked for {}, …); the file has {}; name the {what} column",
                    common[..3.min(common.len())].join(", "),
                    listing(header)
                );
                Error::data_at(file, 1, None, problem)
            })
        };
        let student = need(find(&self.student, STUDENT, "student")?, STUDENT, "student")?;
        let skill = need(find(&self.skill, SKILL, "skill")?, SKILL, "skill")?;
        let response = need(find(&self.response, RESPONSE, "response")?, RESPONSE, "response")?;
        let order = find(&self.order, ORDER, "order")?;
        let item = find(&self.item, ITEM, "item")?;
        let skill_name = find(&None, NAME, "skill name")?.filter(|&i| i != skill);
        let taken = [Some(student), Some(skill), Some(response), order, item];
        for (i, a) in taken.iter().enumerate() {
            if a.is_some() && taken[..i].contains(a) {
                let name = a.map(|a| header[a].as_str());
                let problem =
                    "this column is asked for twice; give each of student, skill, response, order and item its own";
                return Err(Error::data_at(file, 1, name, problem));
            }
        }
        Ok(ColumnIndex { student, skill, response, order, item, skill_name })
    }
}

/// Equal but for case, for spaces in place of `_`, and for `_` left out in camel case (`UserId`, `Anon Student Id`).
fn same(header: &str, name: &str) -> bool {
    plain(header).eq_ignore_ascii_case(&plain(name))
}

/// A column's name in lower case with `_` between its words.
fn plain(name: &str) -> String {
    let mut out = String::new();
    for c in name.trim().chars() {
        if c == ' ' || c == '-' {
            out.push('_');
            continue;
        }
        if c.is_uppercase() && out.ends_with(|before: char| before.is_lowercase()) {
            out.push('_');
        }
        out.push(c);
    }
    out.to_lowercase()
}

fn listing(header: &[String]) -> String {
    let mut names: Vec<String> = header.iter().take(12).map(|h| quote(h)).collect();
    if header.len() > 12 {
        names.push("…".to_owned());
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_camel_case_and_with_spaces() {
        for (header, name) in [
            ("UserId", "user_id"),
            ("Anon Student Id", "anon_student_id"),
            ("IsCorrect", "is_correct"),
            ("questionID", "question_id"),
            (" USER_ID ", "user_id"),
            ("KC(Default)", "kc(default)"),
        ] {
            assert!(same(header, name), "{header}");
        }
        assert!(!same("userid2", "user_id") && !same("User", "user_id"));
    }
}
