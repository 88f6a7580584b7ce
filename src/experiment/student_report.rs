//! One page about one student, to be printed: a picture, sentences and a table, in a file that needs nothing else.

use std::fmt::Write as _;

use super::plot::Plot;
use crate::evaluate::{Trajectory, percent, percent_between, skill_rows, student_sentences};

/// The look of the page, on screen and on paper.
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}\
h1{font-size:1.5rem;margin-bottom:0}p{margin:.3rem 0}svg{width:100%;height:auto;margin:1rem 0}\
table{border-collapse:collapse;width:100%;margin-top:1rem}th,td{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:right}\
th:first-child,td:first-child{text-align:left}.small{color:#666;font-size:13px}\
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}";

/// The report of a student as HTML: `plot` is the student's picture, `about` says in a line which model and data this
/// is, `auc` is that of the predictions of this student's answers.
pub fn student_report(path: &Trajectory, plot: &Plot, auc: Option<f64>, about: &str) -> String {
    let title = format!("Student {}", path.student);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p class=\"small\">{about}</p>\n",
        title = escaped(&title),
        about = escaped(about),
    );
    for sentence in student_sentences(path, auc) {
        let _ = writeln!(html, "<p>{}</p>", escaped(&sentence));
    }
    html += &plot.svg();
    html += "\n<table><thead><tr><th>skill</th><th>answers</th><th>right</th><th>mastery after the last answer</th><th>chance of a right answer now</th></tr></thead><tbody>\n";
    for row in skill_rows(path) {
        let correct = match row.answers {
            0 => "–".to_owned(),
            answers => percent(f64::from(row.correct) / f64::from(answers)),
        };
        let name = path.skills.get(row.skill as usize).map_or("", |s| s.name.as_str());
        let mastery = row.mastery.map_or_else(|| "–".to_owned(), percent);
        let chance = match (row.chance, row.answers) {
            (None, _) => "–".to_owned(),
            (Some(chance), 0) => format!("{} (never practised: a guess from other skills)", percent(chance)),
            (Some(chance), _) => percent_between(chance, row.band),
        };
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{correct}</td><td>{mastery}</td><td>{chance}</td></tr>",
            escaped(name),
            row.answers
        );
    }
    html += "</tbody></table>\n<p class=\"small\">Mastery is the model's estimate from answers alone: a reason to look closer, not a grade. According to the model, the true chance lies between the two ends for four students in five. Made with gainakt.</p>\n</body></html>\n";
    html
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Skill;
    use crate::evaluate::TrajectoryStep;
    use crate::experiment::student_plot;

    #[test]
    fn a_report_stands_alone_and_escapes_what_came_from_a_file() {
        let step = |response, mastery| TrajectoryStep {
            response,
            attempts: 1,
            mastery: vec![mastery],
            gain: vec![0.1],
            ..TrajectoryStep::default()
        };
        let path = Trajectory {
            student: "<b>&co".to_owned(),
            skills: vec![Skill::unnamed("a<script>")],
            items: Default::default(),
            steps: vec![step(1, 0.4), step(0, 0.5)],
        };
        let html = student_report(&path, &student_plot(&path, None), None, "a model");
        assert!(html.contains("Student &lt;b&gt;&amp;co") && html.contains("a&lt;script&gt;"));
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
        assert!(html.contains("<svg") && html.contains("<td>2</td>") && !html.contains("http://localhost"));
    }
}
