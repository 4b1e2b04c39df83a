//! Where files are kept.

use std::path::PathBuf;

use url::Url;

use super::{
    ConfigError,
    vars::{Vars, fault},
};

/// Where files are kept.
#[derive(Clone, Debug)]
pub enum FilesConfig {
    /// A folder: `STORAGE_URL` as `file:///…`; without it `files` in `LECTERN_DATA`.
    Folder(PathBuf),
    /// A bucket of an object store that speaks S3.
    Bucket(BucketConfig),
}

/// A bucket of an object store that speaks S3.
#[derive(Clone)]
pub struct BucketConfig {
    /// `STORAGE_URL`, as `s3://bucket/prefix`: the bucket.
    pub name: String,
    /// What the names of all files begin with; empty for none.
    pub prefix: String,
    /// `AWS_REGION`, default `us-east-1`.
    pub region: String,
    /// `AWS_ENDPOINT_URL`, for a store other than Amazon's.
    pub endpoint: Option<String>,
    /// `AWS_ACCESS_KEY_ID`.
    pub key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub key: String,
}

impl std::fmt::Debug for BucketConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BucketConfig(…)")
    }
}

impl FilesConfig {
    /// Files in `data` without an address.
    pub(super) fn read(vars: &Vars<'_>, data: &std::path::Path) -> Result<Self, ConfigError> {
        let Some(text) = vars.get("STORAGE_URL") else { return Ok(FilesConfig::Folder(data.join("files"))) };
        let malformed =
            || fault("STORAGE_URL", "must be like file:///var/lib/lectern/files, or s3://bucket/prefix");
        let url = Url::parse(&text).map_err(|_| malformed())?;
        match url.scheme() {
            "file" => url.to_file_path().map(FilesConfig::Folder).map_err(|()| malformed()),
            "s3" => BucketConfig::read(vars, &url).map(FilesConfig::Bucket),
            _ => Err(malformed()),
        }
    }
}

impl BucketConfig {
    fn read(vars: &Vars<'_>, url: &Url) -> Result<Self, ConfigError> {
        let bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
        let Some(name) = url.host_str().filter(|_| bare && url.query().is_none()) else {
            return Err(fault("STORAGE_URL", "must name a bucket and no more, such as s3://bucket/prefix"));
        };
        let required =
            |name| vars.get(name).ok_or_else(|| fault(name, "is required for files in a bucket (s3://)"));
        let endpoint = vars.get("AWS_ENDPOINT_URL");
        let is_address = |text: &String| {
            Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        };
        if !endpoint.as_ref().is_none_or(is_address) {
            return Err(fault("AWS_ENDPOINT_URL", "must be an http or https address"));
        }
        Ok(BucketConfig {
            name: name.to_owned(),
            prefix: url.path().trim_matches('/').to_owned(),
            region: vars.get("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
            endpoint,
            key_id: required("AWS_ACCESS_KEY_ID")?,
            key: required("AWS_SECRET_ACCESS_KEY")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::read, *};

    #[test]
    fn files_are_in_a_folder_or_a_bucket() {
        let folder = |vars: &[(&str, &str)]| match read(vars).expect("a folder").files {
            FilesConfig::Folder(folder) => folder.display().to_string(),
            FilesConfig::Bucket(_) => "a bucket".to_owned(),
        };
        assert_eq!(folder(&[("LECTERN_DATA", "/srv")]), "/srv/files");
        assert_eq!(folder(&[("STORAGE_URL", "file:///srv/kept")]), "/srv/kept");
        for text in
            ["s3://", "s3://user@bucket", "s3://bucket?x=1", "s3://bucket:9000", "gs://bucket", "kept"]
        {
            assert_eq!(read(&[("STORAGE_URL", text)]).expect_err(text).name, "STORAGE_URL");
        }
    }

    #[test]
    fn a_bucket_needs_its_keys_which_are_never_printed() {
        let all = [
            ("STORAGE_URL", "s3://lectern/school/one/"),
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "geheim"),
        ];
        let config = read(&all).expect("all that is required");
        assert!(!format!("{config:?}").contains("geheim"));
        let FilesConfig::Bucket(bucket) = config.files else { panic!("a folder") };
        let found = (&*bucket.name, &*bucket.prefix, &*bucket.region, bucket.endpoint);
        assert_eq!(found, ("lectern", "school/one", "us-east-1", None));
        for missing in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let some: Vec<_> = all.into_iter().filter(|(name, _)| *name != missing).collect();
            assert_eq!(read(&some).expect_err(missing).name, missing);
        }
        let elsewhere = [&all[..], &[("AWS_ENDPOINT_URL", "minio:9000")]].concat();
        assert_eq!(read(&elsewhere).expect_err("no address").name, "AWS_ENDPOINT_URL");
    }
}
