//! Money: paying what is owed, giving back, saved cards.

pub mod api;
