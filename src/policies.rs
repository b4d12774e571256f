//! Policies from files: read with their imports, checked, compiled, ready to be swapped in.

use fence_engine::check::{Checked, ImportError, Imported, Importer, check};
use fence_engine::compile::LayersError;
use fence_engine::diagnostic::{Code, Diagnostic};
use fence_engine::span::Span;
use fence_engine::strategy::Strategies;
use fence_engine::{CompiledPolicy, Layers};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The largest policy file, in bytes; the parser refuses larger ones by itself.
const MAX_FILE: u64 = 16 << 20;

/// Why policies cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A policy has errors.
    #[error("{name} has {} and is not loaded", errors(.checked))]
    Invalid {
        /// The policy's file.
        name: String,
        /// What was found.
        checked: Box<Checked>,
    },
    /// A file of definitions where a policy belongs.
    #[error("{0} holds definitions only; it can be imported, not loaded")]
    NoPolicy(String),
    /// The policies cannot be layers of one gate.
    #[error(transparent)]
    Layers(#[from] LayersError),
}

fn errors(checked: &Checked) -> String {
    use fence_engine::diagnostic::Severity;
    let errors = checked.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    match errors.count() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    }
}

/// Reads and checks one file with its imports; findings are in the result.
///
/// # Errors
/// When the file itself cannot be read.
pub fn check_file(path: &Path, strategies: &Strategies) -> Result<Checked, LoadError> {
    let name = path.display().to_string();
    let unreadable = |reason: String| LoadError::Unreadable { path: name.clone(), reason };
    let bytes = read_regular(path).map_err(unreadable)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    let folder = folder.map_err(|error| LoadError::Unreadable {
        path: name.clone(),
        reason: error.to_string(),
    })?;
    let file = path.file_name().map(PathBuf::from).unwrap_or_default();
    let importer = Folder { root: folder, main: name.clone(), file };
    Ok(check(&name, &bytes, &importer, strategies))
}

/// Checks a policy that is not in a file; it cannot import anything.
#[must_use]
pub fn check_text(name: &str, text: &str, strategies: &Strategies) -> Checked {
    check(name, text.as_bytes(), &fence_engine::check::NoImports, strategies)
}

/// Compiles what was checked.
///
/// # Errors
/// When it has errors, or holds definitions only.
pub fn compile(name: &str, mut checked: Checked) -> Result<CompiledPolicy, LoadError> {
    match (checked.has_errors(), checked.policy.take()) {
        (false, Some(policy)) => Ok(CompiledPolicy::new(policy)),
        (false, None) => Err(LoadError::NoPolicy(name.to_owned())),
        (true, _) => {
            Err(LoadError::Invalid { name: name.to_owned(), checked: Box::new(checked) })
        }
    }
}

/// Loads policies from files as the layers of one gate; warnings come with them.
///
/// # Errors
/// The first file that cannot be loaded, or why the policies cannot stand together.
pub fn load(paths: &[PathBuf], strategies: &Strategies) -> Result<Loaded, LoadError> {
    let (mut policies, mut warnings) = (Vec::new(), Vec::new());
    for path in paths {
        let checked = check_file(path, strategies)?;
        let sources = Arc::clone(&checked.sources);
        warnings.push((sources, checked.diagnostics.clone()));
        policies.push(compile(&path.display().to_string(), checked)?);
    }
    let layers = Layers::new(policies)?;
    if layers.only_pass()
        && let Some((_, diagnostics)) = warnings.first_mut()
    {
        let message = "all loaded policies pass where no rule applies, so such calls are denied";
        let finding = Diagnostic::warning(Code::WARN_ONLY_PASSING, Span::default(), message);
        diagnostics.push(finding.help("load a policy with `default deny` or `default ask` beside them"));
    }
    Ok(Loaded { layers, findings: warnings })
}

/// Loaded policies and what was found in each of their files.
#[derive(Debug)]
pub struct Loaded {
    /// The layers.
    pub layers: Layers,
    /// For each policy its sources and warnings.
    pub findings: Vec<(Arc<fence_engine::span::Sources>, Vec<Diagnostic>)>,
}

/// Imports confined to the folder of the policy.
struct Folder {
    root: PathBuf,
    /// What the policy itself is called in messages, and its file's name.
    main: String,
    file: PathBuf,
}

impl Importer for Folder {
    fn import(&self, from: &str, path: &str) -> Result<Imported, ImportError> {
        let written = Path::new(path);
        let plain = written.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !plain || path.is_empty() || path.contains(['\\', '\0', '$', '~', ':']) {
            return Err(ImportError::Outside);
        }
        let beside = match from == self.main {
            true => self.root.clone(),
            false => self.root.join(from).parent().map(Path::to_path_buf).unwrap_or_default(),
        };
        let missing = |error: std::io::Error| ImportError::Unreadable(plain_reason(&error));
        let found = beside.join(written).canonicalize().map_err(missing)?;
        let inside = found.strip_prefix(&self.root).map_err(|_| ImportError::Outside)?;
        if inside == self.file {
            return Ok(Imported { name: self.main.clone(), bytes: Vec::new() });
        }
        let bytes = read_regular(&found).map_err(ImportError::Unreadable)?;
        Ok(Imported { name: inside.display().to_string(), bytes })
    }
}

/// The bytes of a regular file; anything else (a pipe, a device, a folder) is refused unread.
pub(crate) fn read_regular(path: &Path) -> Result<Vec<u8>, String> {
    let about = std::fs::metadata(path).map_err(|error| plain_reason(&error))?;
    if !about.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if about.len() > MAX_FILE {
        return Err(format!("it has {} bytes, more than 16 MiB", about.len()));
    }
    std::fs::read(path).map_err(|error| plain_reason(&error))
}

/// An I/O error without the operating system's number.
pub(crate) fn plain_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}
