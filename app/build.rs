//! Turns `locales/*.json` into the typed sentences of `pages::i18n`.
//!
//! The library's macro does the same, but without sentences that take values as plain strings, which
//! attributes need; that option exists for build scripts only.

fn main() {
    #[cfg(feature = "ssr")]
    if let Err(error) = locales::generate() {
        println!("cargo::error=locales: {error}");
    }
}

#[cfg(feature = "ssr")]
mod locales {
    use std::{env, error::Error, fs, path::PathBuf};

    use leptos_i18n_codegen::gen_code;
    use leptos_i18n_parser::parse_locales::{
        cfg_file::ConfigFile,
        options::{Config, ParseOptions},
        parse_locales,
    };

    /// Writes `i18n.rs` into the build's folder.
    pub fn generate() -> Result<(), Box<dyn Error>> {
        println!("cargo::rerun-if-changed=locales");
        println!("cargo::rerun-if-changed=Cargo.toml");
        let mut root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
        let mut config: Config = ConfigFile::new(&mut root)?.into();
        config.options = ParseOptions::default().interpolate_display(true);
        let parsed = parse_locales(Some(root), config)?;
        let code = gen_code(&parsed, None, true, None, false)?;
        fs::write(PathBuf::from(env::var("OUT_DIR")?).join("i18n.rs"), code.to_string())?;
        Ok(())
    }
}
