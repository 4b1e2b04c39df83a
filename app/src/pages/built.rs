//! The built files of a page: what they are called, and the script that wakes the islands.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use leptos::{nonce::use_nonce, prelude::*};

/// Wakes the islands of the page: an outer one before those in it, siblings side by side, so that one that
/// loads code of its own keeps no other waiting. Then sets `data-ready` on `<html>`: what the journeys wait
/// for. It goes into every page, so it carries no comments.
const WAKE: &str = include_str!("built.js");

/// Addresses of the built files. A name carries its content's hash, so it may be kept for ever.
#[derive(Debug, PartialEq, Eq)]
struct Built {
    script: String,
    binary: String,
    style: String,
}

impl Built {
    /// Read once; while files are rebuilt under the running server (`make dev`), for every page.
    fn of(options: &LeptosOptions) -> Arc<Self> {
        static BUILT: OnceLock<Arc<Built>> = OnceLock::new();
        if std::env::var_os("LEPTOS_WATCH").is_some() {
            return Arc::new(Self::read(options));
        }
        BUILT.get_or_init(|| Arc::new(Self::read(options))).clone()
    }

    /// Without the list of hashes (a test's server, which has no site) the names have none.
    fn read(options: &LeptosOptions) -> Self {
        let folder = std::env::current_exe().ok().and_then(|exe| exe.parent().map(PathBuf::from));
        let hashes = folder
            .filter(|_| options.hash_files)
            .and_then(|folder| std::fs::read_to_string(folder.join(options.hash_file.as_ref())).ok())
            .unwrap_or_default();
        Self::named(&options.site_pkg_dir, &options.output_name, &hashes)
    }

    /// Names from the lines `kind: hash` that the build writes.
    fn named(folder: &str, name: &str, hashes: &str) -> Self {
        let file = |kind: &str| {
            let hash =
                hashes.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == kind);
            match hash {
                Some((_, hash)) => format!("/{folder}/{name}.{}.{kind}", hash.trim()),
                None => format!("/{folder}/{name}.{kind}"),
            }
        };
        Self { script: file("js"), binary: file("wasm"), style: file("css") }
    }
}

/// The stylesheet, and the script and the binary of the islands: for the `<head>`.
#[component]
pub fn BuiltFiles(
    /// What the build says of itself.
    options: LeptosOptions,
) -> impl IntoView {
    let built = Built::of(&options);
    let nonce = use_nonce();
    let wake = format!("({WAKE})({:?}, {:?});", built.script, built.binary);
    view! {
        <link id="leptos" rel="stylesheet" href=built.style.clone()/>
        <link rel="modulepreload" href=built.script.clone()/>
        <link rel="preload" href=built.binary.clone() r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        <script type="module" nonce=nonce>{wake}</script>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_hashes_of_the_build() {
        let built = Built::named("pkg", "lectern", "js: aA-_1\nwasm: b2\ncss: c3\nmanifest: d4\n");
        assert_eq!(built.script, "/pkg/lectern.aA-_1.js");
        assert_eq!(built.binary, "/pkg/lectern.b2.wasm");
        assert_eq!(built.style, "/pkg/lectern.c3.css");
    }

    #[test]
    fn names_without_a_build_have_no_hash() {
        let built = Built::named("pkg", "lectern", "");
        assert_eq!(built.script, "/pkg/lectern.js");
    }
}
