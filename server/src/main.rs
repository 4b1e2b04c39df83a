//! How it is reached: the axum server.

fn main() {}
