//! `/plugins/directory`.

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::service::PluginFiles;
use crate::{
    http::{Problem, Rendered, Tag},
    sessions::SignedIn,
};

/// A binding file.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct BindingFileView {
    /// Its name.
    file: String,
    /// Why it is not followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The watched folder.
#[derive(Debug, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
struct DirectoryView {
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Its binding files, by name.
    files: Vec<BindingFileView>,
}

/// Operations on the watched folder.
#[derive(Clone)]
pub struct PluginFilesApi {
    /// The feature.
    pub files: PluginFiles,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Plugins")]
impl PluginFilesApi {
    /// Show the watched folder
    ///
    /// For admins: the binding files in `plugins.directory` and what is wrong
    /// with them; none when no folder is watched.
    #[oai(path = "/plugins/directory", method = "get", operation_id = "show_plugin_directory")]
    async fn show(&self, SignedIn(actor): SignedIn) -> Result<Rendered<DirectoryView>, Problem> {
        let (error, files) = self.files.report(&actor).await?;
        let files = files.into_iter().map(|(file, error)| BindingFileView { file, error });
        Ok(Rendered::new(&DirectoryView { error, files: files.collect() }))
    }
}
