//! Cargo does not see by itself that a migration was added: `sqlx::migrate!` reads the folder.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
