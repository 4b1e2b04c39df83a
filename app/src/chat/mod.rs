//! Messages between a tutor and a student.

pub mod api;
pub mod safety;
