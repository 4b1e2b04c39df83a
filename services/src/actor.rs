//! On whose behalf a use case runs.

use domain::{
    Code, Refusal,
    account::{Language, Role},
    ids::{TutorId, UserId},
    zone::Zone,
};

use crate::error::Result;

/// A signed-in person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who it is.
    pub user: UserId,
    /// What that person may do.
    pub role: Role,
    /// The tutor's profile, for tutors.
    pub tutor: Option<TutorId>,
    /// The name, for greetings.
    pub name: String,
    /// The zone of the profile.
    pub zone: Zone,
    /// The language of the profile.
    pub language: Language,
}

impl Actor {
    /// Refuses anyone who is not a student.
    ///
    /// # Errors
    /// `INSUFFICIENT_PERMISSIONS`.
    pub fn require_student(&self) -> Result<UserId> {
        if self.role == Role::Student { Ok(self.user) } else { Err(forbidden()) }
    }

    /// Refuses anyone who is not that tutor (an admin may act for every tutor).
    ///
    /// # Errors
    /// `INSUFFICIENT_PERMISSIONS`.
    pub fn require_tutor(&self, tutor: TutorId) -> Result<()> {
        if self.tutor == Some(tutor) || self.role == Role::Admin { Ok(()) } else { Err(forbidden()) }
    }

    /// Refuses anyone who is not an admin.
    ///
    /// # Errors
    /// `INSUFFICIENT_PERMISSIONS`.
    pub fn require_admin(&self) -> Result<()> {
        if self.role == Role::Admin { Ok(()) } else { Err(forbidden()) }
    }
}

fn forbidden() -> crate::AppError {
    Refusal::new(Code::InsufficientPermissions, "forbidden").into()
}
