//! What people are told of, by which ways, which of these they can refuse, and when they want quiet.

mod quiet;

use serde::{Deserialize, Serialize};

use crate::{Code, Refusal, account::Role};

pub use quiet::Quiet;

/// What one is told of; refused together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A lesson was asked for, booked, moved, called off; somebody did not come.
    Lessons,
    /// Receipts, payments that failed, disputes.
    Money,
    /// Reminders before a lesson.
    Reminders,
    /// The question how a lesson was.
    Questions,
    /// Messages that wait to be read.
    Messages,
}

/// A way to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A mail.
    Mail,
    /// A notice under the bell.
    Notice,
    /// What a browser's system shows, also where no page is open.
    Push,
}

impl Topic {
    /// All of them, as they are shown.
    pub const ALL: [Topic; 5] =
        [Topic::Lessons, Topic::Money, Topic::Reminders, Topic::Questions, Topic::Messages];

    /// The name in the database, in forms and in links.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Topic::Lessons => "lessons",
            Topic::Money => "money",
            Topic::Reminders => "reminders",
            Topic::Questions => "questions",
            Topic::Messages => "messages",
        }
    }

    /// The topic of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Topic::ALL.into_iter().find(|topic| topic.name() == name)
    }

    /// Whether people of a role are told of it at all.
    #[must_use]
    pub const fn concerns(self, role: Role) -> bool {
        match (self, role) {
            (_, Role::Admin) => false,
            (Topic::Questions, role) => matches!(role, Role::Student),
            _ => true,
        }
    }

    /// Whether it can be refused by that way. What was agreed and what it costs is always mailed.
    #[must_use]
    pub const fn can_be_refused(self, channel: Channel) -> bool {
        !matches!((self, channel), (Topic::Lessons | Topic::Money, Channel::Mail))
    }
}

impl Channel {
    /// All of them, as they are shown.
    pub const ALL: [Channel; 3] = [Channel::Mail, Channel::Notice, Channel::Push];

    /// The name in the database and in forms.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Mail => "mail",
            Channel::Notice => "notice",
            Channel::Push => "push",
        }
    }

    /// The channel of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Channel::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// A topic by a way: what is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// What it is about.
    pub topic: Topic,
    /// The way.
    pub channel: Channel,
}

impl Choice {
    /// All that a person of a role can refuse, as it is shown.
    pub fn all(role: Role) -> impl Iterator<Item = Choice> {
        let topics = Topic::ALL.into_iter().filter(move |topic| topic.concerns(role));
        let choices = topics.flat_map(|topic| Channel::ALL.map(|channel| Choice { topic, channel }));
        choices.filter(|choice| choice.topic.can_be_refused(choice.channel))
    }

    /// As forms send it: `reminders-mail`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{}-{}", self.topic.name(), self.channel.name())
    }

    /// From what a form sent.
    ///
    /// # Errors
    /// `INVALID_REQUEST` on `wanted` for anything that is no choice.
    pub fn parse(name: &str) -> Result<Choice, Refusal> {
        let choice = name.split_once('-').and_then(|(topic, channel)| {
            Some(Choice { topic: Topic::parse(topic)?, channel: Channel::parse(channel)? })
        });
        let choice = choice.filter(|choice| choice.topic.can_be_refused(choice.channel));
        choice.ok_or(Refusal::on(Code::InvalidRequest, "choice", "wanted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each topic: whether it is chosen by whom, and by which ways it can be refused.
    #[test]
    fn what_can_be_refused_as_a_table() {
        let (mail, notice, push) = (Channel::Mail, Channel::Notice, Channel::Push);
        for (topic, student, tutor, ways) in [
            (Topic::Lessons, true, true, &[notice, push][..]),
            (Topic::Money, true, true, &[notice, push]),
            (Topic::Reminders, true, true, &[mail, notice, push]),
            (Topic::Questions, true, false, &[mail, notice, push]),
            (Topic::Messages, true, true, &[mail, notice, push]),
        ] {
            for (role, told) in [(Role::Student, student), (Role::Tutor, tutor), (Role::Admin, false)] {
                let chosen = Choice::all(role).filter(|choice| choice.topic == topic);
                let chosen: Vec<_> = chosen.map(|choice| choice.channel).collect();
                assert_eq!(chosen, if told { ways } else { &[] }, "{topic:?} {role:?}");
            }
        }
    }

    #[test]
    fn a_choice_is_read_as_it_is_named() {
        for choice in Choice::all(Role::Student) {
            assert_eq!(Choice::parse(&choice.name()), Ok(choice));
        }
        for foreign in [
            "",
            "reminders",
            "mail",
            "reminders-",
            "-mail",
            "reminders-pigeon",
            "money-mail",
            "reminders-mail-x",
        ] {
            assert_eq!(
                Choice::parse(foreign).map_err(|refusal| refusal.code),
                Err(Code::InvalidRequest),
                "{foreign}"
            );
        }
    }
}
