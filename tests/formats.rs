//! The field's raw formats: read as pykt reads them and exported as its own files, byte for byte; and, however damaged, refused in one
//! line. `tests/made_up/NAME.zip` holds made-up raw files and, in `expected/`, what pykt's scripts made of them (pykt-toolkit with
//! pandas 1.5.3).

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use gainakt::data::{
    ColumnNames, DataFile, Dataset, EDNET_FOLDER, export_pykt, format_names, read_ednet, read_table, read_table_beside,
};
use gainakt::error::{Error, Result};
use gainakt::experiment::read_data;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Names, main files, and what `data check` calls the format.
const FORMATS: [(&str, &str, Option<&str>); 11] = [
    ("assist2009", "skill_builder_data_corrected_collapsed.csv", None),
    ("assist2012", "2012-2013-data-with-predictions-4-final.csv", Some("ASSISTments 2012")),
    ("assist2015", "2015_100_skill_builders_main_problems.csv", None),
    ("assist2017", "anonymized_full_release_competition_dataset.csv", Some("ASSISTments 2017")),
    ("algebra2005", "algebra_2005_2006_train.txt", Some("DataShop student steps (KDD Cup 2010)")),
    ("bridge2algebra2006", "bridge_to_algebra_2006_2007_train.txt", Some("DataShop student steps (KDD Cup 2010)")),
    ("statics2011", "AllData_student_step_2011F.csv", Some("Statics 2011")),
    ("ednet", "", Some("EdNet KT1")),
    ("nips_task34", "train_task_3_4.csv", Some("Eedi (NeurIPS 2020, tasks 3 and 4)")),
    ("junyi2015", "junyi_ProblemLog_original.csv", Some("Junyi Academy 2015")),
    ("poj", "poj_log.csv", Some("POJ")),
];

/// The files of a format's archive.
fn files(name: &str) -> BTreeMap<String, Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/made_up/{name}.zip"));
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut files = BTreeMap::new();
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.insert(name, content);
    }
    files
}

/// Reads a format's files from memory.
fn read(main: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<Dataset> {
    let beside = |name: &str| -> Result<Box<dyn Read>> {
        match files.get(name) {
            Some(content) => Ok(Box::new(Cursor::new(content.clone()))),
            None => Err(Error::data(name, "there is no such file")),
        }
    };
    if main.is_empty() {
        let folder = format!("{EDNET_FOLDER}/");
        let students: Vec<String> =
            files.keys().filter_map(|name| name.strip_prefix(&folder)).map(str::to_owned).collect();
        return read_ednet("ednet", &students, &ColumnNames::default(), &beside);
    }
    match read_table_beside(main, files[main].as_slice(), &ColumnNames::default(), &beside)? {
        DataFile::Raw(dataset) => Ok(dataset),
        DataFile::Sequences(_) => panic!("{main} holds no sequences"),
    }
}

#[test]
fn raw_files_become_pykts_own() {
    for (name, main, format) in FORMATS {
        let files = files(name);
        let dataset = read(main, &files).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(dataset.format, format, "{name}");
        let exported: BTreeMap<&str, String> = export_pykt(&dataset).into_iter().map(|f| (f.name, f.content)).collect();
        let mut compared = 0;
        for (file, content) in &files {
            let Some(file) = file.strip_prefix("expected/") else { continue };
            assert!(exported[file].as_bytes() == content.as_slice(), "{name}: {file} differs");
            compared += 1;
        }
        assert!(compared >= 2, "{name}: nothing was compared");
    }
}

/// The same from a folder on a disk, where files are found beside one another.
#[test]
fn files_beside_one_another_are_found() {
    for (name, main, _) in FORMATS.into_iter().filter(|f| ["ednet", "nips_task34", "junyi2015"].contains(&f.0)) {
        let folder = tempfile::tempdir().unwrap();
        let files = files(name);
        for (file, content) in &files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let path = if main.is_empty() { folder.path().to_owned() } else { folder.path().join(main) };
        let DataFile::Raw(found) = read_data(&path, &ColumnNames::default()).unwrap() else { panic!("{name}") };
        let wanted = read(main, &files).unwrap();
        assert!(found.students == wanted.students && found.skills == wanted.skills, "{name}");
    }
    let alone = tempfile::tempdir().unwrap();
    let main = "junyi_ProblemLog_original.csv";
    std::fs::write(alone.path().join(main), &files("junyi2015")[main]).unwrap();
    let problem = read_data(&alone.path().join(main), &ColumnNames::default()).unwrap_err().to_string();
    assert!(problem.contains("junyi_Exercise_table.csv"), "{problem}");
}

/// A byte changed, lines lost, doubled or exchanged, a file cut off: read, or refused in one clear line.
#[test]
fn damaged_files_are_refused_in_one_line() {
    let mut random = ChaCha8Rng::seed_from_u64(25);
    let (mut refused, mut all) = (0, 0);
    for (name, main, _) in FORMATS {
        let whole = files(name);
        let raw: Vec<&String> = whole.keys().filter(|file| !file.starts_with("expected/")).collect();
        // EdNet's draw of students takes a while.
        for _ in 0..if main.is_empty() { 30 } else { 197 } {
            let mut files = whole.clone();
            let content = files.get_mut(raw[random.random_range(0..raw.len())]).unwrap();
            for _ in 0..random.random_range(1..4) {
                damage(content, &mut random);
            }
            all += 1;
            if let Err(error) = read(main, &files) {
                let text = error.to_string();
                assert!(!text.is_empty() && !text.contains('\n'), "{name}: {text:?}");
                refused += 1;
            }
        }
    }
    assert_eq!(all, 2000);
    assert!(refused > 200, "only {refused} of {all} were refused: the damage is too small to say anything");
}

fn damage(content: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    if content.is_empty() {
        return;
    }
    let at = random.random_range(0..content.len());
    match random.random_range(0..7) {
        0 => content[at] = random.random_range(0..=255),
        1 => content.truncate(at),
        2 => content.insert(at, b"\n,\"\t0x-.\xE9"[random.random_range(0..9)]),
        3 => {
            content.remove(at);
        }
        4 => {
            let end = (at + random.random_range(1..400)).min(content.len());
            content.drain(at..end);
        }
        5 => {
            let end = (at + random.random_range(1..200)).min(content.len());
            let part = content[at..end].to_vec();
            content.splice(at..at, part);
        }
        _ => {
            let text: &[u8] =
                [&b"NaN"[..], b"1e999", b"-1", b"99999999999999999999", b"2009-13-45 99:99:99", b""][at % 6];
            let end = content[at..].iter().position(|b| *b == b',' || *b == b'\n').map_or(content.len(), |n| at + n);
            content.splice(at..end, text.iter().copied());
        }
    }
}

/// A line without an end is refused before it fills the memory.
#[test]
fn an_endless_line_is_refused() {
    struct Endless(usize);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let header = b"user_id,skill_id,correct\na,1,";
            for byte in buffer.iter_mut() {
                *byte = *header.get(self.0).unwrap_or(&b'1');
                self.0 += 1;
            }
            assert!(self.0 < 1 << 30, "a gigabyte of one line was read");
            Ok(buffer.len())
        }
    }
    let problem = gainakt::data::read_raw("endless.csv", Endless(0), &ColumnNames::default()).unwrap_err().to_string();
    assert!(problem.contains("endless.csv") && problem.contains("longer than"), "{problem}");
}

/// DataShop's transactions: first attempts count, a hint first is wrong, and each skill has a column of its own.
#[test]
fn transactions_are_read_as_student_steps() {
    let header = "Row\tAnon Student Id\tTime\tProblem Name\tStep Name\tAttempt At Step\tOutcome\tKC (Default)\tKC Category (Default)\tKC (Default)\tKC Category (Default)\n";
    let rows = [
        "1\ts1\t2011-09-01 10:00:00\tp1\ta\t1\tINCORRECT\tadd\t\tcarry\t",
        "2\ts1\t2011-09-01 10:00:05\tp1\ta\t2\tCORRECT\tadd\t\tcarry\t",
        "3\ts1\t2011-09-01 10:01:00\tp1\tb\t1\tHINT\tadd\t\t\t",
        "4\ts1\t2011-09-01 10:02:00\tp2\ta\t1\tcorrect\tarea_of\t\t\t",
        "5\ts1\t2011-09-01 10:03:00\tp2\t\t1\tCORRECT\tadd\t\t\t",
        "6\ts1\t2011-09-01 10:04:00\tp2\tc\t1\tCORRECT\t\t\t\t",
    ];
    let text = format!("{header}{}\n", rows.join("\n"));
    let parse = |text: &str, columns: &ColumnNames| match read_table("t.txt", text.as_bytes(), columns) {
        Ok(DataFile::Raw(dataset)) => Ok(dataset),
        Ok(DataFile::Sequences(_)) => panic!("no sequences"),
        Err(error) => Err(error.to_string()),
    };
    let dataset = parse(&text, &ColumnNames::default()).unwrap();
    assert_eq!(dataset.format, Some("DataShop transactions"));
    let skills: Vec<&str> = dataset.skills.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(skills, ["add", "carry", "area####of"]);
    assert_eq!(dataset.students[0].answers.responses(), [0, 0, 1]);
    assert_eq!(dataset.items, ["p1----a", "p1----b", "p2----a"]);
    assert_eq!((dataset.dropped.repeated, dataset.dropped.missing), (1, 2));
    let odd = text.replace("HINT", "MAYBE");
    let problem = parse(&odd, &ColumnNames::default()).unwrap_err();
    assert!(problem.contains("MAYBE") && problem.contains("line 4") && problem.contains("HINT"), "{problem}");
}

#[test]
fn a_format_can_be_named() {
    let named = |format: &str| ColumnNames { format: Some(format.to_owned()), ..ColumnNames::default() };
    let all = files("poj");
    let read = |format: &str| read_table("poj_log.csv", all["poj_log.csv"].as_slice(), &named(format));
    assert!(matches!(read("poj"), Ok(DataFile::Raw(dataset)) if dataset.format == Some("POJ")));
    let problem = read("assist2012").unwrap_err().to_string();
    assert!(problem.contains("not the format assist2012") && problem.contains("user_id"), "{problem}");
    let problem = read("table").unwrap_err().to_string();
    assert!(problem.contains("no column for the skill"), "{problem}");
    assert!(read("ednet").unwrap_err().to_string().contains("KT1"));
    assert!(read("nothing").unwrap_err().to_string().contains("there are kddcup"));
    for name in format_names() {
        assert!(
            name == "ednet" || name == "ednet_all" || !read(name).is_err_and(|e| e.to_string().contains("no format"))
        );
    }
}

/// All of EdNet's students, by their numbers; pykt's sample draws them in another order.
#[test]
fn all_of_ednet_is_read_where_asked_for() {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/made_up/ednet.zip");
    let ids = |format: Option<&str>| -> Vec<u32> {
        let columns = ColumnNames { format: format.map(str::to_owned), ..ColumnNames::default() };
        let DataFile::Raw(dataset) = read_data(&archive, &columns).unwrap() else { panic!("raw") };
        dataset.students.iter().map(|s| s.id.parse().unwrap()).collect()
    };
    let (sampled, whole) = (ids(None), ids(Some("ednet_all")));
    assert!(whole.is_sorted() && !sampled.is_sorted());
    let mut sorted = sampled;
    sorted.sort_unstable();
    assert_eq!(sorted, whole);
    let columns = ColumnNames { format: Some("poj".to_owned()), ..ColumnNames::default() };
    assert!(read_data(&archive, &columns).unwrap_err().to_string().contains("ednet_all"));
}
