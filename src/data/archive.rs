//! Zip archives of data files, read without unpacking them to disk.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom, Take};

use flate2::{Crc, bufread::DeflateDecoder};

use crate::error::{Error, Result};

/// First bytes of a zip archive.
const MAGIC: &[u8] = b"PK\x03\x04";
/// Most files in an archive: EdNet has one for each of 784 thousand students.
const MAX_FILES: usize = 2_000_000;
/// Text shrinks to a tenth, seldom to a fiftieth; deflate ends at a thousandth, which nothing but a zip bomb reaches.
const MAX_RATIO: u64 = 300;
/// Up to this size the ratio is not looked at.
const SMALL: u64 = 64 << 20;

/// What an archive is read from.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// Opens the archive's bytes, each time anew.
pub type OpenArchive<'a> = Box<dyn Fn() -> Result<Box<dyn ReadSeek>> + 'a>;

/// A zip archive's files.
pub struct Archive<'a> {
    name: String,
    open: OpenArchive<'a>,
    directory: RefCell<zip::ZipArchive<Box<dyn ReadSeek>>>,
    /// Number in the archive by path.
    files: BTreeMap<String, usize>,
}

impl std::fmt::Debug for Archive<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("name", &self.name).field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl<'a> Archive<'a> {
    /// Whether a file that begins with these bytes is a zip archive.
    pub fn is_zip(head: &[u8]) -> bool {
        head.starts_with(MAGIC)
    }

    /// Reads the list of files. Folders, hidden files and macOS's `__MACOSX` are left out.
    ///
    /// # Errors
    /// A damaged archive, one with too many files, or with a path that leads out of its folder.
    pub fn new(name: &str, open: OpenArchive<'a>) -> Result<Self> {
        let damaged = |e: &dyn std::fmt::Display| Error::data(name, format!("the zip archive is damaged ({e})"));
        let directory = zip::ZipArchive::new(open()?).map_err(|e| damaged(&e))?;
        if directory.len() > MAX_FILES {
            let problem = format!("the zip archive has {} files, at most {MAX_FILES} are read", directory.len());
            return Err(Error::data(name, problem));
        }
        let mut files = BTreeMap::new();
        for index in 0..directory.len() {
            let path = directory.name_for_index(index).expect("an index below the number of files");
            let path = path.map_err(|e| damaged(&e))?;
            let outside =
                path.starts_with('/') || path.contains(['\\', ':']) || path.split('/').any(|part| part == "..");
            if outside {
                let problem = format!("the zip archive names {path:?}, which leads out of its folder; it is not read");
                return Err(Error::data(name, problem));
            }
            let shown = path.split('/').all(|part| !part.starts_with('.') && part != "__MACOSX");
            if shown && !path.ends_with('/') {
                files.insert(path.into_owned(), index);
            }
        }
        Ok(Self { name: name.to_owned(), open, directory: RefCell::new(directory), files })
    }

    /// Paths of the files, sorted.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Opens a file of the archive.
    ///
    /// # Errors
    /// There is none of this path, it is encrypted, packed in a way other than deflate, or would grow beyond measure.
    pub fn file(&self, path: &str) -> Result<Box<dyn Read>> {
        let full = format!("{}/{path}", self.name);
        let &index =
            self.files.get(path).ok_or_else(|| Error::data(&full, "there is no such file in the zip archive"))?;
        let mut directory = self.directory.borrow_mut();
        let file = directory
            .by_index_raw(index)
            .map_err(|e| Error::data(&full, format!("the zip archive is damaged ({e})")))?;
        if file.encrypted() {
            return Err(Error::data(&full, "this file is encrypted; unpack the archive and give the file itself"));
        }
        let (packed, size) = (file.compressed_size(), file.size());
        if size > SMALL && size / packed.max(1) > MAX_RATIO {
            let problem = format!(
                "it would grow {}-fold when unpacked, as no data file does; it is not read",
                size / packed.max(1)
            );
            return Err(Error::data(&full, problem));
        }
        let start = file.data_start().ok_or_else(|| Error::data(&full, "the zip archive is damaged"))?;
        let mut bytes = (self.open)()?;
        bytes.seek(SeekFrom::Start(start)).map_err(|e| Error::io(&full, e))?;
        let packed = BufReader::with_capacity(64 * 1024, bytes.take(packed));
        let check = Checked { crc: Crc::new(), expected: file.crc32(), left: size, inner: packed };
        match file.compression() {
            zip::CompressionMethod::Stored => Ok(Box::new(check)),
            zip::CompressionMethod::Deflated => Ok(Box::new(check.map(DeflateDecoder::new))),
            other => Err(Error::data(
                &full,
                format!("this file is packed with {other}; only deflate is read, so unpack the archive"),
            )),
        }
    }
}

/// Bytes of an archive that one of its files occupies.
type Packed = BufReader<Take<Box<dyn ReadSeek>>>;

/// A file's content: not longer than the archive says, and of the checksum it says.
struct Checked<R> {
    inner: R,
    crc: Crc,
    expected: u32,
    left: u64,
}

impl Checked<Packed> {
    fn map<R>(self, unpack: impl FnOnce(Packed) -> R) -> Checked<R> {
        Checked { inner: unpack(self.inner), crc: self.crc, expected: self.expected, left: self.left }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let damaged = |what: &str| std::io::Error::other(format!("{what}; the zip archive is damaged, fetch it again"));
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| damaged("more bytes than the archive says"))?;
        self.crc.update(&buffer[..count]);
        if count == 0 && !buffer.is_empty() {
            if self.left > 0 {
                return Err(damaged("fewer bytes than the archive says"));
            }
            if self.crc.sum() != self.expected {
                return Err(damaged("the checksum is wrong"));
            }
        }
        Ok(count)
    }
}
