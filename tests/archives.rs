//! Data in zip archives: read as from a folder, and refused where an archive is damaged or means harm.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use gainakt::data::{ColumnNames, DataFile, Dataset};
use gainakt::experiment::read_data;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const ANSWERS: &str = "student,skill,correct\na,x,1\na,y,0\na,x,1\nb,x,0\nb,y,1\nb,y,1\n";

/// Writes an archive with these files.
fn zipped(folder: &TempDir, files: &[(&str, &str)]) -> PathBuf {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (number, (name, content)) in files.iter().enumerate() {
        // Both ways to store a file.
        let method = [CompressionMethod::Deflated, CompressionMethod::Stored][number % 2];
        archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    let path = folder.path().join("data.zip");
    std::fs::write(&path, archive.finish().unwrap().into_inner()).unwrap();
    path
}

fn read(path: &Path) -> Dataset {
    match read_data(path, &ColumnNames::default()).unwrap() {
        DataFile::Raw(dataset) => dataset,
        DataFile::Sequences(_) => panic!("no sequences here"),
    }
}

fn problem(path: &Path) -> String {
    let text = read_data(path, &ColumnNames::default()).unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text:?}");
    text
}

#[test]
fn every_raw_format_is_read_from_its_archive() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/made_up");
    for (name, main) in [
        ("assist2009", "skill_builder_data_corrected_collapsed.csv"),
        ("assist2015", "2015_100_skill_builders_main_problems.csv"),
        ("assist2012", ""),
        ("assist2017", ""),
        ("algebra2005", ""),
        ("bridge2algebra2006", ""),
        ("statics2011", ""),
        ("ednet", ""),
        ("nips_task34", ""),
        ("junyi2015", ""),
        ("poj", ""),
    ] {
        let archive = folder.join(format!("{name}.zip"));
        let found = read(&if main.is_empty() { archive.clone() } else { archive.join(main) });
        let unpacked = tempfile::tempdir().unwrap();
        zip::ZipArchive::new(std::fs::File::open(&archive).unwrap()).unwrap().extract(unpacked.path()).unwrap();
        let main = match name {
            "assist2012" => "2012-2013-data-with-predictions-4-final.csv",
            "assist2017" => "anonymized_full_release_competition_dataset.csv",
            "algebra2005" => "algebra_2005_2006_train.txt",
            "bridge2algebra2006" => "bridge_to_algebra_2006_2007_train.txt",
            "statics2011" => "AllData_student_step_2011F.csv",
            "nips_task34" => "train_task_3_4.csv",
            "junyi2015" => "junyi_ProblemLog_original.csv",
            "poj" => "poj_log.csv",
            _ => main,
        };
        let wanted = read(&unpacked.path().join(main));
        assert!(found.students == wanted.students && found.skills == wanted.skills, "{name}");
        assert_eq!(found.format, wanted.format);
    }
}

#[test]
fn the_table_with_the_answers_is_found_or_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let other = "name,colour\na,red\n";
    let hidden = ("__MACOSX/._answers.csv", "binary");
    let path = zipped(&folder, &[("in/answers.csv", ANSWERS), ("in/names.csv", other), hidden, ("readme.md", "hello")]);
    assert_eq!(read(&path).students.len(), 2);
    assert_eq!(read(&path.join("in/answers.csv")).students.len(), 2);
    assert!(problem(&path.join("in/none.csv")).contains("no such file in the zip archive"));

    let path = zipped(&folder, &[("train.csv", ANSWERS), ("test.csv", ANSWERS)]);
    assert_eq!(read(&path).students.len(), 2);

    let path = zipped(&folder, &[("one.csv", ANSWERS), ("two.csv", ANSWERS)]);
    let text = problem(&path);
    assert!(text.contains("2 tables (one.csv, two.csv)") && text.contains("data.zip/one.csv"), "{text}");

    let path = zipped(&folder, &[("readme.md", "hello")]);
    assert!(problem(&path).contains("no .csv"));
}

#[test]
fn an_archive_that_means_harm_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["../answers.csv", "/answers.csv", "in/../../answers.csv", "C:\\answers.csv"] {
        let path = zipped(&folder, &[("in/answers.csv", ANSWERS), (name, ANSWERS)]);
        assert!(problem(&path).contains("leads out of its folder"), "{name}");
    }
    // 100 MB of the same letter, packed to 100 KB.
    let bomb = "x".repeat(100 << 20);
    let path = zipped(&folder, &[("answers.csv", &bomb)]);
    assert!(path.metadata().unwrap().len() < 1 << 20);
    assert!(problem(&path).contains("fold when unpacked"), "{}", problem(&path));
}

#[test]
fn a_damaged_archive_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let long: String = std::iter::once("student,skill,correct\n".to_owned())
        .chain((0..3000).map(|i| format!("s{},k{},{}\n", i % 50, i * 7 % 11, i * i % 3 % 2)))
        .collect();
    // Stored, so that a changed byte changes a cell and nothing but the checksum tells.
    let path = zipped(&folder, &[("names.txt", "hello"), ("answers.csv", &long)]);
    assert_eq!(read(&path.join("answers.csv")).students.len(), 50);
    let bytes = std::fs::read(&path).unwrap();
    let place = bytes.windows(5).position(|w| w == b"\ns7,k").unwrap();
    let mut changed = bytes.clone();
    changed[place + 2] = b'8';
    std::fs::write(&path, changed).unwrap();
    assert!(problem(&path.join("answers.csv")).contains("checksum"));
    for end in [5, 30, bytes.len() / 2, bytes.len() - 10] {
        std::fs::write(&path, &bytes[..end]).unwrap();
        assert!(problem(&path).contains("damaged"), "{end}: {}", problem(&path));
    }
}
