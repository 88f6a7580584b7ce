//! Where the user is, as the text of a link: view, student, answer, skills with a line, imagined answers.

use std::path::{Path, PathBuf};

use form_urlencoded::{Serializer, parse};

use super::student::Imagined;
use super::view_state::ViewState;
use super::{App, View};
use crate::config::ModelKind;
use crate::data::Answers;
use crate::service::{OpenedInfo, Request, Source};

/// Imagined answers a link may carry.
const MAX_IMAGINED: usize = 200;

/// A place in the program. Ids are those of the data, not indices, so that a link fits a class read anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// What is looked at.
    pub view: View,
    /// Name of the run whose model and data are open; none: the embedded class.
    pub run: Option<String>,
    /// The embedded model that is shown, where it is not the first.
    pub model: Option<ModelKind>,
    /// Id of the student.
    pub student: Option<String>,
    /// Answer the cursor is at, from 1; none: the last.
    pub answer: Option<usize>,
    /// Id of the item that is looked at in the class.
    pub item: Option<String>,
    /// Ids of the skills with a line, where they were chosen.
    pub skills: Vec<String>,
    /// Real answers before the imagined ones.
    pub after: usize,
    /// Imagined answers: id of the skill, right or wrong.
    pub imagined: Vec<(String, bool)>,
}

impl Link {
    /// The embedded model that is shown where no run is.
    fn embedded_model(&self) -> ModelKind {
        self.model.unwrap_or(ModelKind::EMBEDDED[0])
    }

    /// As the fragment of a link, without its `#`; empty for the place where everyone begins.
    pub fn to_fragment(&self) -> String {
        let mut text = Serializer::new(String::new());
        if self.view != View::default() {
            text.append_pair("view", self.view.key());
        }
        if let Some(kind) = self.model {
            text.append_pair("model", kind.name());
        }
        for (key, value) in [("run", &self.run), ("student", &self.student), ("item", &self.item)] {
            if let Some(value) = value {
                text.append_pair(key, value);
            }
        }
        if let Some(answer) = self.answer {
            text.append_pair("answer", &answer.to_string());
        }
        for skill in &self.skills {
            text.append_pair("skill", skill);
        }
        if !self.imagined.is_empty() {
            text.append_pair("after", &self.after.to_string());
        }
        for (skill, right) in &self.imagined {
            text.append_pair(if *right { "right" } else { "wrong" }, skill);
        }
        text.finish()
    }

    /// Reads a link's fragment.
    ///
    /// # Errors
    /// A key or value that no link of this program has; what stands there is quoted.
    pub fn from_fragment(text: &str) -> Result<Self, String> {
        let mut place = Self::default();
        for (key, value) in parse(text.trim_start_matches('#').as_bytes()) {
            let number = || {
                value.parse().map_err(|_| {
                    format!("the link says {key}={}, expected a whole number", crate::error::quote(&value))
                })
            };
            match &*key {
                "view" => {
                    place.view = View::from_key(&value).ok_or_else(|| {
                        let known = View::ALL.map(|(view, _)| view.key()).join(", ");
                        format!("the link says view={}, expected one of {known}", crate::error::quote(&value))
                    })?;
                }
                "model" => {
                    let found = ModelKind::EMBEDDED.into_iter().find(|kind| kind.name() == value);
                    place.model = Some(found.ok_or_else(|| {
                        let known = ModelKind::EMBEDDED.map(ModelKind::name).join(" or ");
                        format!("the link says model={}, expected {known}", crate::error::quote(&value))
                    })?);
                }
                "run" => place.run = Some(value.into_owned()),
                "student" => place.student = Some(value.into_owned()),
                "item" => place.item = Some(value.into_owned()),
                "answer" => place.answer = Some(number()?),
                "skill" => place.skills.push(value.into_owned()),
                "after" => place.after = number()?,
                "right" | "wrong" => place.imagined.push((value.into_owned(), key == "right")),
                _ => return Err(format!("the link has {}, which is not known here", crate::error::quote(&key))),
            }
        }
        if place.imagined.len() > MAX_IMAGINED {
            return Err(format!("the link imagines {} answers, at most {MAX_IMAGINED} fit", place.imagined.len()));
        }
        Ok(place)
    }
}

fn skill_id(opened: &OpenedInfo, skill: u32) -> String {
    opened.skills.get(skill as usize).map_or_else(String::new, |s| s.id.clone())
}

fn skill_index(opened: &OpenedInfo, id: &str) -> Result<u32, String> {
    let found = opened.skills.iter().position(|s| s.id == id).map(|at| at as u32);
    found.ok_or_else(|| format!("the link names skill {}, which is not in {}", crate::error::quote(id), opened.title))
}

impl App {
    /// Where the user is.
    pub fn place(&self) -> Link {
        let mut place = Link { view: self.settings.view, ..Link::default() };
        let Some(opened) = &self.state.opened else { return place };
        let name = |folder: &PathBuf| folder.file_name().map(|n| n.to_string_lossy().into_owned());
        place.run = opened.folder.as_ref().and_then(name);
        place.model = Some(opened.model.kind).filter(|kind| place.run.is_none() && *kind != ModelKind::EMBEDDED[0]);
        let page = &self.settings.page;
        let student = page.student.and_then(|s| opened.students.get(s as usize));
        place.student = student.map(|s| s.id.clone());
        place.item = self.class.item().filter(|_| place.view == View::Class).map(str::to_owned);
        place.answer = page.cursor.map(|at| at + 1);
        place.skills = page.chosen.iter().flatten().map(|&s| skill_id(opened, s)).collect();
        if let Some(imagined) = &page.imagined {
            place.after = imagined.from;
            place.imagined = imagined.answers.iter().map(|a| (skill_id(opened, a.skills[0]), a.is_correct())).collect();
        }
        place
    }

    /// Goes to a place, once what it is in is open; a place that is not there is told in words.
    pub fn go(&mut self, place: Link) {
        self.settings.view = place.view;
        if !self.is_open(&place) {
            let run = place.run.as_ref().map(|name| Source::Run(self.settings.runs.join(name)));
            self.client.send(Request::Open(run.unwrap_or(Source::Embedded(place.embedded_model()))));
        }
        self.wanted = Some((place, self.state.failures));
        self.arrive();
    }

    /// Whether the run, or the embedded model, of a place is what is open.
    fn is_open(&self, place: &Link) -> bool {
        let folder = place.run.as_ref().map(|name| self.settings.runs.join(name));
        self.state.opened.as_ref().is_some_and(|opened| {
            let model = folder.is_some() || opened.model.kind == place.embedded_model();
            model && opened.folder.as_deref() == folder.as_deref().map(Path::new)
        })
    }

    /// Goes to the place that is wanted, if what it is in is open by now; gives up where something failed meanwhile.
    pub(super) fn arrive(&mut self) {
        let Some((place, failures)) = self.wanted.take() else { return };
        if !self.is_open(&place) {
            self.wanted = Some((place, failures)).filter(|_| failures == self.state.failures);
            return;
        }
        if let Some(item) = &place.item {
            self.class.show_item(item);
        }
        if let Err(problem) = self.settings.page.go(&self.state, &place) {
            self.state.add_error("The link could not be opened", &problem);
        }
    }
}

impl super::student::Page {
    /// Shows the student, answer, lines and imagined answers of a place.
    fn go(&mut self, state: &ViewState, place: &Link) -> Result<(), String> {
        let Some(opened) = &state.opened else { return Ok(()) };
        let Some(id) = &place.student else { return Ok(()) };
        let student = opened.students.iter().position(|s| s.id == *id && s.answers > 0);
        let student = student
            .ok_or_else(|| format!("it names student {}, who is not in {}", crate::error::quote(id), opened.title))?;
        let lines: Vec<u32> = place.skills.iter().map(|s| skill_index(opened, s)).collect::<Result<_, _>>()?;
        let tried: Vec<u32> = place.imagined.iter().map(|(s, _)| skill_index(opened, s)).collect::<Result<_, _>>()?;
        let answers = opened.students[student].answers as usize;
        if place.after > answers || place.answer.is_some_and(|a| a == 0 || a > answers + tried.len()) {
            return Err(format!("student {id} has {answers} answers; the link points at one that is not there"));
        }
        self.select(student as u32);
        self.cursor = place.answer.map(|answer| answer - 1);
        self.chosen = (!lines.is_empty()).then_some(lines);
        self.imagined = (!tried.is_empty()).then(|| Imagined {
            from: place.after,
            answers: Answers::of_skills(tried, place.imagined.iter().map(|(_, right)| u8::from(*right)).collect()),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_same_after_a_link() {
        let place = Link {
            view: View::Class,
            run: Some("2026 a&b".to_owned()),
            model: Some(ModelKind::GainAkt2Exp),
            student: Some("Ü=1".to_owned()),
            answer: Some(12),
            item: Some("Q 7&8".to_owned()),
            skills: vec!["3".to_owned(), "a b".to_owned()],
            after: 12,
            imagined: vec![("3".to_owned(), true), ("7".to_owned(), false)],
        };
        assert_eq!(Link::from_fragment(&format!("#{}", place.to_fragment())), Ok(place));
        assert_eq!(Link::from_fragment(""), Ok(Link::default()));
        assert_eq!(Link::default().to_fragment(), "");
    }

    #[test]
    fn a_bad_link_is_told_in_words() {
        for (text, expected) in [
            ("view=cellar", "view=\"cellar\""),
            ("answer=-1", "answer=\"-1\""),
            ("answer=1e9", "whole number"),
            ("script=alert(1)", "\"script\""),
        ] {
            let problem = Link::from_fragment(text).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
        let many = "right=1&".repeat(201);
        assert!(Link::from_fragment(&many).unwrap_err().contains("201"));
    }
}
