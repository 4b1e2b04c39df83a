//! The tutor's console: what its forms do, and what moves in them.

pub mod api;
pub mod hours;
pub mod rows;
pub mod week;
