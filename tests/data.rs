//! Readers and pykt's split: tolerant of what users have, exact where pykt is, never surprised by bytes.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use gainakt::data::{
    Answers, ColumnNames, Corpus, DataFile, Dataset, Fold, FoldAssignment, RowKind, Split, export_pykt, read_raw,
    read_sequences, read_table, simulate,
};
use proptest::prelude::*;

fn raw(text: impl AsRef<[u8]>) -> Dataset {
    read_raw("test.csv", text.as_ref(), &ColumnNames::default()).unwrap()
}

const PLAIN: &str = "user_id,log_id,sequence_id,correct\nb,1,7,1\na,5,7,0\na,3,8,1\na,3,9,1\nb,2,7,0\nb,0,8,1\n";

#[test]
fn order_is_by_first_appearance_then_order_column_then_row() {
    let data = raw(PLAIN);
    let ids: Vec<&str> = data.students.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
    let skills: Vec<&str> = data.skills.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(skills, ["8", "7", "9"]);
    assert_eq!(data.students[1].answers, Answers::of_skills(vec![0, 2, 1], vec![1, 1, 0]));
}

#[test]
fn the_same_table_in_other_clothes() {
    let wanted = raw(PLAIN);
    let quoted = PLAIN.replace("a,3,8,1", "\"a\",\"3\",\"8\",\"1\"");
    for text in [
        PLAIN.replace('\n', "\r\n"),
        PLAIN.replace(',', ";"),
        PLAIN.replace(',', "\t"),
        format!("\u{feff}{PLAIN}"),
        quoted,
        PLAIN.replace(",1\n", ",1.0\n"),
        PLAIN.replace("user_id", "User ID").replace("correct", "Correct"),
        PLAIN.replace("user_id", "UserId").replace("correct", "IsCorrect"),
        PLAIN.replace(",1\n", ",CORRECT\n").replace(",0\n", ",incorrect\n"),
        PLAIN.replace(",1\n", ",True\n").replace(",0\n", ",wrong\n"),
        PLAIN.replace("\nb,2", "\n\nb,2"),
    ] {
        assert_eq!(raw(&text), wanted, "{text}");
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, PLAIN.as_bytes()).unwrap();
    assert_eq!(raw(packed.finish().unwrap()), wanted);
    let columns = ColumnNames {
        student: Some("who".into()),
        skill: Some("what".into()),
        response: Some("ok".into()),
        order: Some("when".into()),
        ..ColumnNames::default()
    };
    let renamed = PLAIN.replace("user_id,log_id,sequence_id,correct", "who,when,what,ok");
    assert_eq!(read_raw("test.csv", renamed.as_bytes(), &columns).unwrap(), wanted);
}

/// pykt's window protocol, made from the raw data, is pykt's own file window by window.
#[test]
fn sliding_windows_are_pykts() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("assist2015");
    let file = std::fs::File::open(folder.join("assist2015_binary.csv.gz")).unwrap();
    let dataset = read_raw("assist2015_binary.csv.gz", file, &ColumnNames::default()).unwrap();
    let corpus = Corpus::from_dataset(&dataset, 200, RowKind::Skill);
    let made = corpus.sliding(&corpus.part(Split::Test, 0), 200);
    let theirs = unpacked(&folder.join("test_window_sequences.csv.gz"));
    let mut reader = csv::Reader::from_reader(theirs.as_slice());
    let mut scored = 0;
    let mut rows = 0;
    for (row, made) in reader.records().map(Result::unwrap).zip(&made) {
        let list = |column: usize| -> Vec<i64> { row[column].split(',').map(|v| v.parse().unwrap()).collect() };
        let kept = |values: Vec<i64>| values.into_iter().take(made.window.len()).collect::<Vec<_>>();
        assert_eq!(
            kept(list(2)),
            made.window.answers.iter().map(|a| i64::from(a.skills[0])).collect::<Vec<_>>(),
            "row {rows}"
        );
        assert_eq!(kept(list(3)), made.window.answers.responses().iter().map(|&r| i64::from(r)).collect::<Vec<_>>());
        assert_eq!(list(2).iter().filter(|&&k| k >= 0).count(), made.window.len());
        assert_eq!(list(4).iter().take_while(|&&m| m == -1).count(), made.unscored);
        scored += made.window.len() - made.unscored.max(1);
        rows += 1;
    }
    assert_eq!((rows, made.len(), scored), (6102, 6102, 134_640));
}

#[test]
fn latin_1_names_times_as_order_and_skill_names() {
    let text = b"student,timestamp,skill_id,skill_name,correct\n\
        J\xf6rg,2024-01-03 10:00:00,5,Br\xfcche,1\nJ\xf6rg,2024-01-02 09:00:00,6,Teilen,0\nJ\xf6rg,2024-01-02 11:00:00,5,Br\xfcche,1\n";
    let data = raw(text);
    assert_eq!(data.students[0].id, "Jörg");
    assert_eq!(data.students[0].answers.responses(), [0, 1, 1]);
    assert_eq!(data.skills[1].name, "Brüche");
    assert_eq!(data.skills[1].id, "5");
}

#[test]
fn ids_of_64_bits_keep_their_order() {
    let text =
        "user_id,log_id,sequence_id,correct\na,9007199254740993,1,1\na,9007199254740992,1,0\na,9007199254740994,1,0\n";
    assert_eq!(raw(text).students[0].answers.responses(), [0, 1, 0]);
}

#[test]
fn an_interaction_with_several_skills_becomes_a_row_each() {
    let text = "user_id,order_id,skill_id,problem_id,correct\nu,1,3_5,p,1\nu,2,5,q,0\nu,3,4,p,1\n";
    let data = raw(text);
    let s = &data.students[0];
    let listed: Vec<_> = s.answers.iter().map(|a| (a.skills.to_vec(), a.item, a.response)).collect();
    assert_eq!(listed, [(vec![0, 1], 1, 1), (vec![1], 2, 0), (vec![2], 1, 1)]);
    assert_eq!((data.max_skills_per_answer, data.answers(), data.interactions()), (2, 3, 4));
    let files = export_pykt(&data);
    let train = &files.iter().find(|f| f.name == "train_valid.csv").unwrap().content;
    assert!(
        train.starts_with("fold,uid,questions,concepts,responses,is_repeat\n0,0,\"0,0,1,0\",\"0,1,1,2\""),
        "{train}"
    );
    // Without items only numbers joined by _ are split: a name is a name.
    let named = raw("user_id,skill,correct\nu,long_division,1\nu,2_3,1\nu,sum,1\n");
    assert_eq!(named.skills.len(), 4);
}

#[test]
fn what_pykt_drops_is_dropped_and_counted() {
    let data =
        raw("user_id,log_id,sequence_id,correct\na,1,1,1\na,2,,1\na,3,1,0.25\na,4,1,NA\na,5,2,0\na,6,2,0\nb,7,1,1\n");
    assert_eq!((data.dropped.missing, data.dropped.fractional), (2, 1));
    assert_eq!((data.dropped.short_students.len(), data.dropped.short_rows), (1, 1));
    assert_eq!((data.rows_read, data.interactions()), (7, 3));
}

#[test]
fn exported_windows_read_back_as_the_same_corpus() {
    let (dataset, _) = simulate(40, 1);
    let files = export_pykt(&dataset);
    let content = |name: &str| files.iter().find(|f| f.name == name).unwrap().content.as_bytes();
    let train = read_sequences("train", content("train_valid_sequences.csv")).unwrap();
    let test = read_sequences("test", content("test_sequences.csv")).unwrap();
    let (a, b) = (
        Corpus::from_sequences("x", &train, &test, 200, RowKind::Skill).unwrap(),
        Corpus::from_dataset(&dataset, 200, RowKind::Skill),
    );
    for part in [Split::Train, Split::Validation, Split::Test] {
        let cells = |c: &Corpus| c.part(part, 2).iter().map(|w| (w.fold, w.answers.clone())).collect::<Vec<_>>();
        assert_eq!(cells(&a), cells(&b));
    }
    assert!(
        read_sequences("sliding", content("test_window_sequences.csv")).is_ok(),
        "no student here has more than 200 answers"
    );
}

fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !folder.is_dir() {
        eprintln!("skipped: ../shared/data with the real data sets is not here");
    }
    folder.is_dir().then_some(folder)
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).unwrap();
    if path.extension().is_some_and(|e| e == "gz") {
        MultiGzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    } else {
        std::io::BufReader::new(file).read_to_end(&mut bytes).unwrap();
    }
    bytes
}

#[test]
fn assist2015_is_split_and_exported_as_pykt_does_it() {
    let Some(shared) = shared() else { return };
    for (folder, name) in [("assist2015_500", "assist2015_500.csv"), ("assist2015", "assist2015_binary.csv.gz")] {
        let folder = shared.join(folder);
        let data = read_raw(name, std::fs::File::open(folder.join(name)).unwrap(), &ColumnNames::default()).unwrap();
        for file in export_pykt(&data) {
            let plain = folder.join(file.name);
            let path = if plain.is_file() { plain } else { folder.join(format!("{}.gz", file.name)) };
            assert!(unpacked(&path) == file.content.as_bytes(), "{} differs", path.display());
        }
    }
    let data = read_raw(
        "binary",
        std::fs::File::open(shared.join("assist2015/assist2015_binary.csv.gz")).unwrap(),
        &ColumnNames::default(),
    )
    .unwrap();
    let corpus = Corpus::from_dataset(&data, 200, RowKind::Skill);
    let count = |part, fold| (corpus.part(part, fold).len(), Corpus::steps(&corpus.part(part, fold)));
    assert_eq!(count(Split::Validation, 0), (3082, 102_749));
    assert_eq!(count(Split::Validation, 4), (3099, 109_271));
    assert_eq!(count(Split::Train, 0), (15_426 - 3082, 528_905 - 102_749));
    assert_eq!(count(Split::Test, 0), (3866, 134_592));
    assert_eq!((data.students.len(), data.interactions()), (19_093, 682_797));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn readers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_table("random", bytes.as_slice(), &ColumnNames::default());
    }

    #[test]
    fn readers_never_panic_below_a_good_header(body in "[0-9a-c,.;\"\\n\\t\\- _eE\u{e9}]{0,200}", sequences in any::<bool>()) {
        let header = if sequences { "fold,uid,concepts,responses,selectmasks" } else { "user_id,log_id,sequence_id,correct" };
        let _ = read_table("random", format!("{header}\n{body}").as_bytes(), &ColumnNames::default());
    }

    #[test]
    fn every_answer_is_kept_in_order(answers in proptest::collection::vec((0u8..5, 0u8..9, 0u8..2), 3..200)) {
        let mut text = String::from("user_id,sequence_id,correct\n");
        for (student, skill, response) in &answers {
            text += &format!("s{student},k{skill},{response}\n");
        }
        if let Ok(DataFile::Raw(data)) = read_table("x", text.as_bytes(), &ColumnNames::default()) {
            for student in &data.students {
                let own: Vec<(String, u8)> = answers.iter().filter(|a| format!("s{}", a.0) == student.id).map(|a| (format!("k{}", a.1), a.2)).collect();
                let got: Vec<(String, u8)> = student.answers.iter().map(|a| (data.skills[a.skills[0] as usize].id.clone(), a.response)).collect();
                prop_assert_eq!(got, own);
            }
            let kept: usize = data.interactions() + data.dropped.short_rows as usize;
            prop_assert_eq!(kept, answers.len());
        }
    }

    #[test]
    fn folds_differ_by_one_student_at_most(students in 5usize..2000) {
        let split = FoldAssignment::new(students);
        prop_assert_eq!(split.test.len(), students / 5);
        let size = |k| split.train_valid.iter().filter(|s| s.1 == Fold::Train(k)).count();
        let sizes: Vec<usize> = (0..5).map(size).collect();
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
    }
}
